import { beforeAll, describe, expect, it } from 'vitest';
import { ask, endOf, idsOf, textOf } from '../../test/support/ask';
import { testLoad } from '../../test/support/load-zoo';
import { readZoo } from '../../test/support/zoo';
import type { HostRequest } from '../protocol/engine-port';
import type { HostedEngine } from './hosted-engine';

let bytes: Uint8Array<ArrayBuffer>;
let prompt: readonly number[];
beforeAll(async () => {
  const zoo = await readZoo('llama');
  bytes = new Uint8Array(zoo.bytes);
  prompt = zoo.reference.prompts.p40;
});

async function setUp(): Promise<HostedEngine> {
  return await testLoad(bytes).run();
}

describe('resume', () => {
  it('continues an answer on another engine, with the same tokens and text', async () => {
    const [first, second] = [await setUp(), await setUp()];
    const body = { prompt: [7, 9, 11], max_tokens: 12, temperature: 1, repeat_penalty: 1.2, seed: 11 };
    const whole = await ask(first, { kind: 'completion', body });
    const [accepted] = whole;
    if (accepted?.type !== 'accepted') throw new Error('accepted comes first');
    const ids = idsOf(whole);
    for (const emitted of [0, 1, 6, ids.length]) {
      const told = whole.filter((event) => event.type === 'token').slice(0, emitted);
      const rest = await ask(second, {
        kind: 'resume',
        of: 'completion',
        body,
        seed: accepted.seed,
        promptIds: accepted.promptIds,
        emittedIds: ids.slice(0, emitted),
      });
      expect(idsOf(rest)).toEqual(ids.slice(emitted));
      expect(told.map(({ text }) => text).join('') + textOf(rest)).toBe(textOf(whole));
      expect(endOf(rest)).toMatchObject({ outcome: endOf(whole).outcome, usage: endOf(whole).usage });
    }
    expect(ids.length).toBeGreaterThan(6);
    await Promise.all([first.close(), second.close()]);
  });

  it('of an answer whose stop string was told already ends it as that, and tells nothing more', async () => {
    const engine = await setUp();
    const whole = await ask(engine, {
      kind: 'completion',
      body: { prompt: prompt.slice(0, 6), max_tokens: 8, temperature: 0 },
    });
    const texts = whole.flatMap((event) => (event.type === 'token' ? [event.text] : []));
    const [accepted] = whole;
    if (accepted?.type !== 'accepted') throw new Error('accepted comes first');
    const stop = texts[4] ?? '';
    const length = texts.indexOf(stop) + 1;
    for (const max_tokens of [8, length]) {
      const rest = await ask(engine, {
        kind: 'resume',
        of: 'completion',
        body: { prompt: prompt.slice(0, 6), max_tokens, temperature: 0, stop },
        seed: accepted.seed,
        promptIds: accepted.promptIds,
        emittedIds: idsOf(whole).slice(0, length),
      });
      expect(idsOf(rest)).toEqual([]);
      expect(endOf(rest)).toMatchObject({ outcome: { kind: 'stop' }, text: '', usage: { completionTokens: length } });
      expect(endOf(rest).timings).toMatchObject({ predicted_n: 0, predicted_per_second: 0 });
    }
    await engine.close();
  });

  it.each([
    [{ seed: -1 }, 'seed'],
    [{ promptIds: 'x' }, 'promptIds'],
    [{ emittedIds: [1e9] }, 'emittedIds[0]'],
  ])('names the field at fault: %j', async (wrong, param) => {
    const engine = await setUp();
    const request = {
      kind: 'resume',
      of: 'completion',
      body: { prompt: 'x' },
      seed: 1,
      promptIds: [1],
      emittedIds: [],
    };
    const events = await ask(engine, { ...request, ...wrong } as HostRequest);
    expect(endOf(events).outcome).toMatchObject({ kind: 'failed', error: { code: 'invalid-request', param } });
    await engine.close();
  });
});
