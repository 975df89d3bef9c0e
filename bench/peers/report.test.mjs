import { describe, expect, it } from 'vitest';
import { bestOf, countsPerToken, disagreements, ratios, table, tooSlow, whereItRan } from './report.mjs';

const NONE = { dispatches: 0, submits: 0, passes: 0, bindGroups: 0, bufferWrites: 0, readbackBytes: 0, workers: 0 };

/** @param {number} prefillSeconds @param {number} decodeSeconds */
const round = (prefillSeconds, decodeSeconds) => ({ prefillSeconds, decodeSeconds, counts: NONE });

describe('the report of a comparison', () => {
  it('takes the best of the rounds, of prefill and decode each by itself', () => {
    const rounds = [round(4, 2), round(2, 8), round(8, 4)];
    expect(bestOf(rounds, { promptTokens: 32, decodeTokens: 8 })).toEqual({ prefillPerSecond: 16, decodePerSecond: 4 });
  });

  it('leaves what the prompt costs out of the counts of a token', () => {
    const short = { ...NONE, dispatches: 1000, bufferWrites: 7, readbackBytes: 8 };
    const long = { ...NONE, dispatches: 1000 + 4 * 245, bufferWrites: 7 + 2, readbackBytes: 8 + 4 * 8 };
    expect(countsPerToken(long, short, 4)).toEqual({ ...NONE, dispatches: 245, bufferWrites: 0.5, readbackBytes: 8 });
  });

  it('tells of an engine that left the adapter, and why as far as one can know', () => {
    const page = { adapter: 'google swiftshader', hasF16: false, workers: 5 };
    expect(whereItRan({ ...NONE, dispatches: 1 }, page)).toBe('WebGPU (google swiftshader)');
    expect(whereItRan({ ...NONE, submits: 1 }, page)).toMatch(/^CPU, .*5 workers.*lacks shader-f16/);
    expect(whereItRan(NONE, { ...page, hasF16: true })).toMatch(/^CPU, .*reason unknown/);
    expect(whereItRan(NONE, { ...page, adapter: null })).toMatch(/^CPU, .*no adapter/);
  });

  it('names each counter that the engine itself counts otherwise', () => {
    const perToken = { ...NONE, dispatches: 245 };
    const lastStep = { ...NONE, dispatches: 245, bindGroupsCreated: 0 };
    expect(disagreements(perToken, lastStep)).toEqual([]);
    expect(disagreements(perToken, { ...lastStep, bindGroupsCreated: 3, submits: 1 })).toEqual([
      'submits: counted 0, it says 1',
      'bindGroups: counted 0, it says 3',
    ]);
  });

  it('has the ratios of the first engine to each other one', () => {
    const peer = { version: '1', ran: 'there', loadSeconds: 1, perToken: NONE };
    const fast = { ...peer, name: 'fast', prefillPerSecond: 6, decodePerSecond: 5 };
    const slow = { ...peer, name: 'slow', prefillPerSecond: 12, decodePerSecond: 0.5 };
    expect(ratios([fast, slow]).split('\n').at(-1)).toBe('| fast ÷ slow | 0.50 | 10.00 |');
    expect(ratios([fast])).toBe('');
  });

  it('tells whether it is so many times as fast as all that run on the adapter, which those on the CPU do not', () => {
    const on = { ...NONE, dispatches: 300 };
    /** @param {string} name @param {number} decodePerSecond @param {typeof NONE} perToken */
    const peer = (name, decodePerSecond, perToken) => ({
      ...{ name, version: '1', ran: 'there', loadSeconds: 1, prefillPerSecond: 1 },
      ...{ decodePerSecond, perToken },
    });
    const [ours, slow, near, cpu] = [
      peer('ours', 10, on),
      peer('slow', 1, on),
      peer('near', 1.25, on),
      peer('cpu', 99, NONE),
    ];
    expect(tooSlow([ours, slow, cpu], 10)).toBeNull();
    expect(tooSlow([ours, slow, near, cpu], 10)).toMatch(/as what runs on the adapter; times near 8\.00 it was/);
    expect(tooSlow([ours, cpu], 10)).toMatch(/No other engine ran on the adapter/);
  });

  it('is a table with as many cells in each row', () => {
    const perToken = { ...NONE, dispatches: 604.5 };
    const rates = { loadSeconds: 1, prefillPerSecond: 2, decodePerSecond: 3 };
    const lines = table([{ name: 'a', version: '1', ran: 'there', ...rates, perToken }]).split('\n');
    expect(new Set(lines.map((line) => line.split('|').length)).size).toBe(1);
    expect(lines[2]).toBe('| a | 1 | there | 1.0 | 2.00 | 3.00 | 604.50 | 0 | 0 | 0 | 0 | 0 |');
  });
});
