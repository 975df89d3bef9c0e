import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { float32Of, type ZooReference } from '../../test/models/zoo-suite';
import { ask as askEngine, endOf, idsOf, textOf, tokensOf } from '../../test/support/ask';
import { testLoad, type TestLoadOptions } from '../../test/support/load-zoo';
import { readZoo } from '../../test/support/zoo';
import type { HostRequest } from '../protocol/engine-port';
import type { RequestEvent } from '../protocol/events';
import type { HostedEngine } from './hosted-engine';

/** What the oracle's f32 answer may differ by. */
const MAX_ABS = 1e-3;
let bytes: Uint8Array<ArrayBuffer>;
let reference: ZooReference;
let engine: HostedEngine;

beforeAll(async () => {
  const zoo = await readZoo('llama');
  bytes = new Uint8Array(zoo.bytes);
  reference = zoo.reference;
  engine = await load();
});
afterAll(() => engine.close());

async function load(given: TestLoadOptions = {}): Promise<HostedEngine> {
  return testLoad(bytes, { ...given, options: { debug: { chunkTokens: 16 }, ...given.options } }).run();
}

function ask(
  request: HostRequest,
  on: HostedEngine = engine,
  onEvent?: (event: RequestEvent, id: number) => void,
): Promise<RequestEvent[]> {
  return askEngine(on, request, onEvent);
}

function completion(body: Readonly<Record<string, unknown>>): HostRequest {
  return { kind: 'completion', body: { prompt: reference.prompts.p40, max_tokens: 12, ...body } };
}

const GREEDY = { temperature: 0 } as const;

describe('a completion', () => {
  it('is the exact greedy one', async () => {
    const { greedy24, greedy24_margins: margins } = reference.exact;
    expect(Math.min(...margins)).toBeGreaterThan(2 * MAX_ABS);
    const events = await ask(completion({ ...GREEDY, max_tokens: 24 }));
    expect(idsOf(events)).toEqual(greedy24);
    expect(textOf(events)).toBe(engine.detokenize(greedy24));
    expect(events[0]).toMatchObject({ type: 'accepted', promptIds: reference.prompts.p40 });
    expect(endOf(events)).toMatchObject({
      outcome: { kind: 'length' },
      usage: { promptTokens: reference.prompts.p40.length, completionTokens: 24 },
    });
  });

  it('is the same in chunks of any size and with one step in flight', async () => {
    const drawn = idsOf(await ask(completion({ seed: 5 })));
    expect(drawn).toHaveLength(12);
    for (const debug of [{ chunkTokens: 1 }, { chunkTokens: 64, depth: 1 }] as const) {
      const other = await load({ options: { debug } });
      expect(idsOf(await ask(completion(GREEDY), other))).toEqual(reference.exact.greedy24.slice(0, 12));
      expect(idsOf(await ask(completion({ seed: 5 }), other))).toEqual(drawn);
      await other.close();
    }
  });

  it('is the same beside others', async () => {
    const penalised = { repeat_penalty: 1.3, presence_penalty: 0.5 };
    const bodies = [
      GREEDY,
      { seed: 5 },
      { seed: 6, top_k: 0 },
      { ...GREEDY, logprobs: 1 },
      { ...GREEDY, ...penalised },
      { seed: 5, ...penalised },
    ];
    const alone: number[][] = [];
    for (const body of bodies) alone.push(idsOf(await ask(completion(body))));
    const together = await Promise.all(bodies.map((body) => ask(completion(body))));
    expect(together.map(idsOf)).toEqual(alone);
  });

  it.each([{}, { top_k: 0 }, { repeat_penalty: 1.1 }])('is repeated by its seed: %j', async (body) => {
    const [first, second, other] = await Promise.all(
      [11, 11, 12].map((seed) => ask(completion({ temperature: 1.5, seed, ...body }))),
    );
    expect(idsOf(first ?? []).length).toBeGreaterThan(6);
    expect(idsOf(second ?? [])).toEqual(idsOf(first ?? []));
    expect(idsOf(other ?? [])).not.toEqual(idsOf(first ?? []));
  });

  it('says which seed it drew', async () => {
    const [first] = await ask(completion({ max_tokens: 1 }));
    const [second] = await ask(completion({ max_tokens: 1 }));
    const seeds = [first, second].map((event) => (event?.type === 'accepted' ? event.seed : -1));
    expect(seeds[1]).toBe((seeds[0] ?? 0) + 1);
  });

  it('does not depend on whether the device or the host draws', async () => {
    // min_p leaves far fewer than 64 candidates, so a larger top_k cannot change the answer.
    const sampled = { temperature: 1.2, top_p: 1, min_p: 0.05, seed: 42 };
    const bodies = [{ top_k: 64 }, { top_k: 65 }, { top_k: 400 }, { top_k: 0 }, { top_k: 64, logprobs: 0 }];
    const answers = await Promise.all(
      bodies.map(async (body) => idsOf(await ask(completion({ ...sampled, ...body })))),
    );
    expect(answers.every((ids) => ids.length === 12)).toBe(true);
    for (const ids of answers) expect(ids).toEqual(answers[0]);
    const greedy = idsOf(await ask(completion(GREEDY)));
    expect(answers[0]).not.toEqual(greedy);
  });

  it.each([{ temperature: 0 }, { temperature: 1.2, top_p: 1, min_p: 0.05, seed: 42 }])(
    'nor on whether the device or the host penalises: %j',
    async (sampling) => {
      const penalties = { repeat_penalty: 1.1, presence_penalty: 0.2, frequency_penalty: 0.3 };
      // A window that is longer than the text looks at the same tokens, on the host.
      const bodies = [{}, { logprobs: 0 }, { repeat_last_n: 1000 }];
      const answers = await Promise.all(
        bodies.map(async (body) => idsOf(await ask(completion({ ...sampling, ...penalties, ...body })))),
      );
      expect(answers[0]).toHaveLength(12);
      for (const ids of answers) expect(ids).toEqual(answers[0]);
      expect(answers[0]).not.toEqual(idsOf(await ask(completion(sampling))));
    },
  );

  it('ends before a stop string', async () => {
    const full = textOf(await ask(completion(GREEDY)));
    const stop = full.slice(5, 8);
    const events = await ask(completion({ ...GREEDY, stop: [stop, 'never to be seen'] }));
    expect(textOf(events)).toBe(full.slice(0, full.indexOf(stop)));
    expect(endOf(events).outcome).toEqual({ kind: 'stop' });
  });

  it('ends with an end token, which is no text', async () => {
    const end = 507;
    const events = await ask(completion({ ...GREEDY, logit_bias: { [end]: 100 } }));
    expect(tokensOf(events)).toEqual([]);
    expect(endOf(events)).toMatchObject({ outcome: { kind: 'stop' }, usage: { completionTokens: 1 } });
  });

  it('tells the probabilities of its tokens', async () => {
    const exact = float32Of(reference.exact.last.p40.logits_b64);
    const sum = exact.reduce((total, logit) => total + Math.exp(logit), 0);
    const ranked = [...exact.keys()].sort((a, b) => (exact[b] ?? 0) - (exact[a] ?? 0)).slice(0, 3);
    const events = await ask(completion({ ...GREEDY, logprobs: 3, max_tokens: 2 }));
    const [first, second] = tokensOf(events).map((event) => event.logprob);
    expect(first?.top).toMatchObject(
      ranked.map((tokenId) => ({ tokenId, logprob: expect.closeTo((exact[tokenId] ?? 0) - Math.log(sum), 3) })),
    );
    expect(first).toMatchObject({ tokenId: ranked[0], logprob: first?.top[0]?.logprob });
    expect(second?.top).toHaveLength(3);
    expect(idsOf(events)).toEqual(reference.exact.greedy24.slice(0, 2));
  });

  it('tells the bytes of tokens that are only part of a character', async () => {
    const [id = NaN] = engine.tokenize('\u{1F9E9}', { addSpecial: false }).slice(-1);
    const logit_bias = { [id]: 100 };
    const [event] = tokensOf(await ask(completion({ ...GREEDY, logit_bias, logprobs: 0, max_tokens: 1 })));
    expect(event?.logprob).toMatchObject({ tokenId: id, bytes: [0xa9] });
  });

  it.each([1, 7])('has max_tokens tokens: %i', async (max_tokens) => {
    const events = await ask(completion({ ...GREEDY, max_tokens }));
    expect(idsOf(events)).toEqual(reference.exact.greedy24.slice(0, max_tokens));
    expect(endOf(events).outcome).toEqual({ kind: 'length' });
  });

  it('reads text with special tokens', async () => {
    const text = 'The quick brown fox';
    const [accepted] = await ask({ kind: 'completion', body: { prompt: text, max_tokens: 1 } });
    expect(accepted).toMatchObject({ promptIds: engine.tokenize(text, undefined) });
  });
});

describe('a context', () => {
  it('that is full ends the answer; a prompt that fills it is refused', async () => {
    const small = await load({ options: { contextLength: 44 } });
    const prompt = reference.prompts.p40;
    const events = await ask(completion({ ...GREEDY, max_tokens: 100 }), small);
    expect(idsOf(events)).toEqual(reference.exact.greedy24.slice(0, 44 - prompt.length));
    expect(endOf(events).outcome).toEqual({ kind: 'length' });

    const refused = await ask(completion({ prompt: [...prompt, 1, 2, 3, 4] }), small);
    expect(refused).toHaveLength(1);
    expect(endOf(refused).outcome).toMatchObject({
      kind: 'failed',
      error: { code: 'context-overflow', param: 'prompt' },
    });
    await small.close();
  });
});

describe('a chat', () => {
  it('answers, and its prompt is the rendered conversation', async () => {
    const messages = [{ role: 'user', content: 'Hello' }];
    const events = await ask({ kind: 'chat', body: { messages, ...GREEDY, max_tokens: 4 } });
    expect(idsOf(events)).toHaveLength(4);
    const [accepted] = events;
    if (accepted?.type !== 'accepted') throw new Error('it is accepted');
    expect(engine.detokenize(accepted.promptIds)).toContain('Hello');
  });
});

describe('an evaluation', () => {
  function logitsOf(events: readonly RequestEvent[]): { position: number; logits: Float32Array }[] {
    return events.flatMap((event) =>
      event.type === 'logits' ? [{ position: event.position, logits: event.logits }] : [],
    );
  }

  function expectClose(actual: Float32Array | undefined, exact: Float32Array): void {
    expect(actual).toHaveLength(exact.length);
    const worst = exact.reduce((most, value, i) => Math.max(most, Math.abs((actual?.[i] ?? NaN) - value)), 0);
    expect(worst).toBeLessThan(MAX_ABS);
  }

  it('gives the exact logits after the last token', async () => {
    const events = await ask({ kind: 'evaluate', ids: reference.prompts.p40, positions: 'last' });
    const results = logitsOf(events);
    expect(results.map(({ position }) => position)).toEqual([reference.prompts.p40.length - 1]);
    expectClose(results[0]?.logits, float32Of(reference.exact.last.p40.logits_b64));
    expect(endOf(events)).toMatchObject({ outcome: { kind: 'stop' }, usage: { completionTokens: 0 } });
  });

  it('gives the exact logits at every position', async () => {
    const results = logitsOf(await ask({ kind: 'evaluate', ids: reference.prompts.p3, positions: 'all' }));
    const exact = float32Of(reference.exact.p3_all_logits_b64);
    expect(results.map(({ position }) => position)).toEqual([0, 1, 2]);
    results.forEach(({ logits }, i) => expectClose(logits, exact.subarray(i * 512, (i + 1) * 512)));
  });

  it('gives each wanted position once, in order, across chunks', async () => {
    const ids = reference.prompts.p40;
    const all = logitsOf(await ask({ kind: 'evaluate', ids, positions: 'all' }));
    expect(all).toHaveLength(ids.length);
    const some = logitsOf(await ask({ kind: 'evaluate', ids, positions: [39, 0, 17, 16, 15, 0] }));
    expect(some).toEqual([0, 15, 16, 17, 39].map((position) => all[position]));
  });
});

describe('cancel', () => {
  it('ends a request within a step, once', async () => {
    let answered: boolean | null = null;
    const events = await ask(completion({ ...GREEDY, max_tokens: 1000 }), engine, (event, id) => {
      if (event.type === 'token') answered ??= engine.cancel(id);
    });
    expect(answered).toBe(true);
    expect(endOf(events).outcome).toEqual({ kind: 'cancelled' });
    expect(tokensOf(events).length).toBeLessThanOrEqual(2);
    expect(engine.cancel(endOf(events).requestId)).toBe(false);
    expect(engine.snapshot().kv.freeBlocks).toBe(engine.snapshot().kv.totalBlocks);
  });

  it('ends a request in its prompt', async () => {
    const prompt = Array.from({ length: 400 }, (_, i) => i);
    const events = await ask(completion({ prompt }), engine, (event, id) => {
      if (event.type === 'prefill' && event.done === 32) engine.cancel(id);
    });
    expect(endOf(events).outcome).toEqual({ kind: 'cancelled' });
    expect(events.filter((event) => event.type === 'prefill').length).toBeLessThan(4);
  });

  it('does not know a stranger', () => {
    expect(engine.cancel(987_654)).toBe(false);
  });
});

describe('a refusal', () => {
  it.each([
    [{ kind: 'completion', body: { prompt: 'x', temperature: 3 } }, 'temperature'],
    [{ kind: 'completion', body: { prompt: [512] } }, 'prompt[0]'],
    [{ kind: 'completion', body: { prompt: 'x', model: 'gpt-4' } }, 'model'],
    [{ kind: 'chat', body: { messages: [] } }, 'messages'],
    [{ kind: 'chat', body: null }, undefined],
    [{ kind: 'evaluate', ids: [1, 2], positions: [2] }, 'positions[0]'],
  ] as const)('is one event with the field at fault: %j', async (request, param) => {
    const events = await ask(request);
    expect(events).toHaveLength(1);
    const { outcome, requestId, usage } = endOf(events);
    expect(outcome).toMatchObject({ kind: 'failed', error: { code: 'invalid-request', requestId } });
    expect(outcome.kind === 'failed' ? outcome.error.param : null).toBe(param);
    expect(usage.completionTokens).toBe(0);
  });

  it('takes the names that mean this model', async () => {
    for (const model of [engine.info.model.name, `sha256:${engine.info.model.sha256}`]) {
      expect(idsOf(await ask(completion({ ...GREEDY, model, max_tokens: 1 })))).toHaveLength(1);
    }
  });
});

describe('text and tokens', () => {
  it('go both ways', () => {
    const ids = engine.tokenize('lazy dogs', { addSpecial: false });
    expect(ids.length).toBeGreaterThan(0);
    expect(engine.detokenize(ids)).toBe('lazy dogs');
    expect(engine.tokenize('lazy dogs', undefined)).toEqual([508, ...ids]);
    expect(engine.detokenize([])).toBe('');
  });

  it.each([
    [() => engine.tokenize(7, undefined), 'text'],
    [() => engine.tokenize('x', { addSpecial: 'yes' }), 'options.addSpecial'],
    [() => engine.detokenize([512]), 'ids'],
    [() => engine.detokenize([-1]), 'ids[0]'],
    [() => engine.detokenize('x'), 'ids'],
  ])('are refused by field: %#', (work, param) => {
    expect(work).toThrow(expect.objectContaining({ code: 'invalid-request', param }));
  });
});

describe('stats', () => {
  it.each([GREEDY, { seed: 5 }])('grow with the work, and a decode step costs the least there is: %j', async (body) => {
    const before = engine.stats();
    await ask(completion({ ...body, max_tokens: 9 }));
    const after = engine.stats();
    expect(after.generatedTokens - before.generatedTokens).toBe(9);
    expect(after.promptTokens - before.promptTokens).toBe(40);
    // 32 of the 40 prompt tokens are in the cache from the tests before, 8 are one chunk; then 8 decode steps.
    expect(after.total.submits - before.total.submits).toBe(1 + 8);
    expect(after.total.buffersCreated).toBe(before.total.buffersCreated);
    expect(after.pipelinesCreated).toBe(before.pipelinesCreated);
    expect(after.gpuBytes).toBe(before.gpuBytes);
    expect(after.lastStep).toMatchObject({
      submits: 1,
      passes: 1,
      bindGroupsCreated: 0,
      bufferWrites: 1,
      readbacks: 1,
      readbackBytes: 8,
      buffersCreated: 0,
      pipelinesCreated: 0,
    });
  });
});

describe('the end of an engine', () => {
  it('is told to its requests, and later ones are refused', async () => {
    const load = testLoad(bytes);
    const closing = await load.run();
    const events = await ask(completion({ ...GREEDY, max_tokens: 1000 }), closing, (event) => {
      if (event.type === 'token') void closing.close();
    });
    expect(endOf(events).outcome).toMatchObject({ kind: 'failed', error: { code: 'closed' } });
    await closing.close();
    expect(load.device.allocatedBytes()).toBe(0);
    const late = await ask(completion({}), closing);
    expect(late).toHaveLength(1);
    expect(endOf(late).outcome).toMatchObject({ kind: 'failed', error: { code: 'closed' } });
    expect(closing.snapshot()).toMatchObject({ state: 'closed' });
    expect(closing.cancel(endOf(late).requestId)).toBe(false);
    expect(load.reports).toEqual([]);
  });
});
