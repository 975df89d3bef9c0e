import { describe, expect, it } from 'vitest';
import { comparison, decodeRate, table, weightRates } from './bench-table.mjs';

/** @param {object} [about] @returns {import('./bench-table.mjs').BenchResult} */
function resultOf(about = {}) {
  // 16 steps in 1.6 s, and the first token, which is the prompt's.
  const timings = {
    ...{ prompt_n: 64, prompt_ms: 1600, prompt_per_second: 40 },
    ...{ predicted_n: 17, predicted_ms: 1600, predicted_per_second: 10.625 },
  };
  const measured = {
    date: '2026-01-02T03:04:05.000Z',
    info: {
      model: { name: 'Tiny', quantisation: 'Q4_1', contextLength: 2048 },
      device: { name: 'an adapter', features: ['subgroups'] },
    },
    loadSeconds: 4,
    bandwidth: 100e9,
    answers: [{ context: 64, timings }],
    left: [],
    stats: {
      loadMs: { start: 120, probe: 1500, download: 2000 },
      variants: { matvec: 'rows' },
      gpuBytes: 12e6,
      lastStep: {
        weightBytesRead: 2e9,
        dispatches: 7,
        submits: 1,
        passes: 1,
        bindGroupsCreated: 0,
        bufferWrites: 1,
        readbackBytes: 4,
        buffersCreated: 0,
      },
    },
    concurrent: [
      { streams: 1, tokensPerSecond: 10 },
      { streams: 4, tokensPerSecond: 25 },
    ],
    kernels: [],
    ...about,
  };
  const known = /** @type {import('./bench-table.mjs').Measured & { date: string }} */ (
    /** @type {unknown} */ (measured)
  );
  return { ...known, weights: weightRates(known) };
}

describe('the table of a bench run', () => {
  it('sets the weights read against the bandwidth, and streams against one', () => {
    const text = table(resultOf());
    expect(text).toContain('decode             10.00 tokens/s at 64: weights at 20.00 GB/s, 20.0 % of the bandwidth');
    expect(text).toContain('4 at once          25.00 tokens/s together, 2.50 × one');
    expect(text).not.toContain('GPU time');
  });

  it('has steps over their time: the first token of an answer belongs to the prompt', () => {
    expect(decodeRate({ predicted_n: 17, predicted_ms: 1600 })).toBe(10);
    expect(decodeRate({ predicted_n: 1, predicted_ms: 0 })).toBe(0);
    expect(decodeRate({ predicted_n: 1, predicted_ms: 3 })).toBe(0);
  });

  it('names the contexts for which the model had no room', () => {
    expect(table(resultOf())).not.toContain('not measured');
    expect(table(resultOf({ left: [2048, 4096] }))).toContain(
      'not measured       2048, 4096: with the answer more than the 2048 tokens it holds',
    );
  });

  it('has what a decoded token costs the host', () => {
    expect(table(resultOf())).toContain(
      'per decoded token  7 dispatches, 1 submit, 1 pass, 0 bind groups, 1 buffer write, 4 bytes read back, 0 buffers made',
    );
  });

  it('is made of what programs read', () => {
    expect(resultOf().weights).toEqual([{ context: 64, bytesPerSecond: 20e9, ofBandwidth: 0.2 }]);
  });

  it('tells where the time until the first token went', () => {
    const text = table(resultOf());
    expect(text).toContain('load               4.0 s (start 0.12, probe 1.50, download 2.00, other 0.38)');
    expect(text).toContain('first token        5.6 s after the call of createEngine: 1.6 s for a prompt of 64 tokens');
  });

  it('shows the share of each kernel', () => {
    const kernels = [
      { kernel: 'matvec', dispatches: 20, gpuMs: 75 },
      { kernel: 'rope_kv', dispatches: 10, gpuMs: 25 },
    ];
    const lines = table(resultOf({ kernels })).split('\n');
    expect(lines.at(-2)).toBe(`matvec       75.00 ms     20 ×  75.0 % ${'█'.repeat(30)}`);
    expect(lines.at(-1)).toBe(`rope_kv      25.00 ms     10 ×  25.0 % ${'█'.repeat(10)}`);
  });
});

describe('a run beside an earlier one', () => {
  it('is compared where both measured the same', () => {
    const timings = { prompt_n: 64, prompt_per_second: 60, predicted_n: 17, predicted_ms: 3200 };
    const now = resultOf({
      loadSeconds: 2,
      answers: [
        { context: 64, timings },
        { context: 128, timings },
      ],
    });
    expect(comparison(now, resultOf()).split('\n').slice(1)).toEqual([
      'Beside the run of 2026-01-02T03:04:05.000Z',
      'load               2.00 × as fast',
      'prefill 64         1.50 × as fast',
      'decode 64          0.50 × as fast',
    ]);
  });

  it('is not compared with what had no rate', () => {
    const timings = { prompt_n: 64, prompt_per_second: 60, predicted_n: 1, predicted_ms: 0 };
    const before = resultOf({ answers: [{ context: 64, timings }] });
    expect(comparison(resultOf(), before)).not.toContain('decode');
  });
});
