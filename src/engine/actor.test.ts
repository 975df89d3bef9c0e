import { describe, expect, it } from 'vitest';
import { generate, LIMITS, outcome, setUp, tokens, types } from '../../test/simulation/actor-harness';
import { toyEmbedding, toyHash, toyText } from '../../test/simulation/toy-runner';
import { SAMPLING, soloRun } from '../../test/simulation/toy-task';
import { requestId } from '../base/ids';
import { randomUnit } from '../sampling/random';

describe('a request for an embedding', () => {
  const promptIds = generate(10).promptIds;

  it('gives the vector of its whole text, chunk by chunk, and ends', async () => {
    const { submit, run, runner } = setUp();
    const events = submit(1, { kind: 'embed', promptIds });
    await run();
    expect(types(events)).toEqual(['accepted', 'prefill', 'prefill', 'prefill', 'embedding', 'ended']);
    expect(events.at(-2)).toMatchObject({ embedding: toyEmbedding(toyHash(toyText(promptIds))) });
    expect(events.at(-1)).toMatchObject({
      outcome: { kind: 'stop' },
      usage: { promptTokens: 10, completionTokens: 0 },
    });
    expect(runner.batches.map(({ outputs }) => outputs)).toEqual([[], [], [{ row: 1, mode: 'embedding' }]]);
  });

  it('runs all rows of its text, also of one that was there before', async () => {
    const { submit, run, runner } = setUp();
    for (const id of [1, 2]) {
      const events = submit(id, { kind: 'embed', promptIds });
      await run();
      expect(events.at(-1)).toMatchObject({ usage: { promptTokens: 10, cachedTokens: 0 } });
    }
    expect(runner.batches.map(({ rows }) => rows.length)).toEqual([4, 4, 2, 4, 4, 2]);
  });

  it('fails where the vector has no numbers, and ends when cancelled', async () => {
    const { submit, run, runner, actor, settle } = setUp();
    const cancelled = submit(1, { kind: 'embed', promptIds });
    await settle();
    expect(actor.cancel(requestId(1))).toBe(true);
    await run();
    expect(outcome(cancelled)).toEqual({ kind: 'cancelled' });
    expect(types(cancelled)).not.toContain('embedding');
    runner.poisonNext();
    const poisoned = submit(2, { kind: 'embed', promptIds: promptIds.slice(0, 3) });
    await run();
    expect(outcome(poisoned)).toMatchObject({ kind: 'failed', error: { code: 'corrupt-model' } });
    expect(types(poisoned)).toEqual(['accepted', 'ended']);
  });
});

describe('a request alone', () => {
  it.each(['argmax', 'sample', 'penalisedArgmax', 'penalisedSample', 'logits'] as const)(
    'gives the same answer at depth 1 and 2, sampled by %s',
    async (mode) => {
      for (const depth of [1, 2] as const) {
        const { submit, run } = setUp({ depth });
        const task = generate(10, { sampling: SAMPLING[mode] });
        const events = submit(1, task);
        await run();
        expect(tokens(events)).toEqual(soloRun(task, LIMITS).tokens);
        expect(types(events).slice(0, 4)).toEqual(['accepted', 'prefill', 'prefill', 'prefill']);
        expect(events.filter((event) => event.type === 'logits' || event.type === 'ended')).toHaveLength(1);
      }
    },
  );

  it('runs one step ahead when the device chooses, and leaves the token there', async () => {
    const { submit, run, runner } = setUp();
    submit(1, generate(2));
    await run();
    expect(runner.maxPending).toBe(2);
    expect(runner.batches[1]).toEqual({
      kind: 'decode',
      rows: [{ token: null, position: 2, slot: 0 }],
      sequences: [{ slot: 0, blocks: [0], windowBlocks: [] }],
      outputs: [{ row: 0, mode: 'argmax' }],
    });
  });

  it('draws ahead where the device draws, each token by its own number', async () => {
    const { submit, run, runner } = setUp();
    const task = generate(2, { sampling: SAMPLING.sample });
    const events = submit(1, task);
    await run();
    expect(tokens(events)).toEqual(soloRun(task, LIMITS).tokens);
    expect(tokens(events).length).toBeGreaterThan(2);
    expect(runner.maxPending).toBe(2);
    const [prompt, ...decodes] = runner.batches;
    expect(prompt?.kind).toBe('prefill');
    expect(decodes.flatMap(({ rows }) => rows.map(({ token }) => token))).toEqual(decodes.map(() => null));
    const { seed, temperature, topK, topP, minP } = SAMPLING.sample;
    expect(runner.batches.flatMap(({ outputs }) => outputs)).toEqual(
      runner.batches.map((_, i) => {
        const draw = { temperature, topK, topP, minP, unit: randomUnit(seed, i) };
        return { row: i === 0 ? 1 : 0, mode: 'sample', draw };
      }),
    );
  });

  it.each(['penalisedArgmax', 'penalisedSample'] as const)(
    'penalises ahead, by %s: the host says how many tokens, all of which are on the device',
    async (mode) => {
      const { submit, run, runner } = setUp();
      const task = generate(3, { sampling: SAMPLING[mode] });
      submit(1, task);
      await run();
      expect(runner.maxPending).toBe(2);
      const [prompt, ...decodes] = runner.batches;
      expect(prompt?.rows.map(({ token }) => token)).toEqual(task.promptIds);
      expect(decodes.flatMap(({ rows }) => rows.map(({ token }) => token))).toEqual(decodes.map(() => null));
      expect(runner.batches.flatMap(({ outputs }) => outputs)).toMatchObject(
        runner.batches.map((_, i) => {
          const penalties = { repeat: 1.3, tokens: Math.min(SAMPLING[mode].repeatLastN, task.promptIds.length + i) };
          return { mode: SAMPLING[mode].temperature > 0 ? 'sample' : 'argmax', penalties };
        }),
      );
    },
  );

  it.each([
    ['logprobs are asked for', SAMPLING.logits],
    ['a logit has a bias', { ...SAMPLING.sample, logitBias: [[9, 1]] as const }],
    ['top-p has no top-k', { ...SAMPLING.sample, topK: 0, topP: 0.9 }],
    ['top-k is larger than the device draws from', { ...SAMPLING.sample, topK: 9 }],
  ])('waits for the host when %s', async (_name, sampling) => {
    const { submit, run, runner } = setUp();
    submit(1, generate(2, { sampling }));
    await run();
    expect(runner.maxPending).toBe(1);
    expect(runner.batches.flatMap((batch) => batch.rows).every((row) => row.token !== null)).toBe(true);
  });

  it.each(['penalisedSample', 'logits'] as const)('is sampled in one place for life, by %s', async (mode) => {
    const other = setUp();
    const { submit, settle, step, run, actor, runner } = setUp({ recover: async () => other.runner });
    const task = generate(5, { sampling: SAMPLING[mode] });
    const events = submit(1, task);
    await settle();
    for (let i = 0; i < 4; i++) await step();
    actor.deviceLost(runner, new Error('gone'));
    await run();
    await other.run();
    expect(tokens(events)).toEqual(soloRun(task, LIMITS).tokens);
    const modesOf = (of: typeof runner) =>
      new Set(of.batches.flatMap(({ outputs }) => outputs.map((output) => output.mode)));
    const place = mode === 'logits' ? 'logits' : 'sample';
    expect([modesOf(runner), modesOf(other.runner)]).toEqual([new Set([place]), new Set([place])]);
  });

  it('measures the prompt and the answer by the clock', async () => {
    const { submit, step, settle } = setUp({ depth: 1 });
    const task = generate(4, { maxTokens: 2, sampling: SAMPLING.logits });
    const events = submit(1, task);
    await settle();
    await step(40);
    await step(25);
    const last = events.at(-1);
    expect(last).toMatchObject({
      outcome: { kind: 'length' },
      usage: { promptTokens: 4, completionTokens: 2, cachedTokens: 0 },
      timings: {
        prompt_n: 4,
        prompt_ms: 40,
        prompt_per_second: 100,
        predicted_n: 2,
        predicted_ms: 25,
        predicted_per_second: 80,
        cache_n: 0,
      },
    });
  });

  it('ends by length where the context ends', async () => {
    const { submit, run } = setUp();
    const task = generate(62, { maxTokens: 50, sampling: { ...SAMPLING.logits, logitBias: [[5, 100]] } });
    const events = submit(1, task);
    await run();
    expect(tokens(events)).toEqual([5, 5]);
    expect(outcome(events)).toEqual({ kind: 'length' });
  });

  it('counts the end token, but does not show it', async () => {
    const { submit, run } = setUp();
    const events = submit(1, generate(3, { sampling: { ...SAMPLING.logits, logitBias: [[1, 100]] } }));
    await run();
    expect(types(events)).toEqual(['accepted', 'prefill', 'ended']);
    expect(events.at(-1)).toMatchObject({ outcome: { kind: 'stop' }, text: '', usage: { completionTokens: 1 } });
  });

  it('gives held-back text with its end: half a character, the beginning of a stop string', async () => {
    for (const [id, stop, text] of [
      [2, [], '�'],
      [5, ['bbc'], 'bb'],
    ] as const) {
      const { submit, run } = setUp();
      const sampling = { ...SAMPLING.logits, repeatPenalty: 1, logitBias: [[id, 100]] as const };
      const events = submit(1, generate(3, { maxTokens: 2, stop, sampling }));
      await run();
      const shown = events.map((event) => ('text' in event ? event.text : '')).join('');
      expect(shown).toBe(text === 'bb' ? 'bb' : '��');
      expect(events.at(-1)).toMatchObject({ outcome: { kind: 'length' }, text });
    }
  });

  it('evaluates a prompt chunk by chunk', async () => {
    const { submit, run, runner } = setUp();
    const events = submit(1, { kind: 'evaluate', promptIds: generate(9).promptIds, positions: [0, 5, 8] });
    await run();
    expect(types(events)).toEqual(['accepted', 'prefill', 'logits', 'prefill', 'logits', 'prefill', 'logits', 'ended']);
    expect(outcome(events)).toEqual({ kind: 'stop' });
    expect(runner.batches.map((batch) => batch.outputs)).toEqual([0, 1, 0].map((row) => [{ row, mode: 'logits' }]));
  });

  it('says so when the model produces NaN', async () => {
    for (const mode of ['argmax', 'sample', 'logits'] as const) {
      const { submit, run, runner } = setUp();
      runner.poisonNext();
      const events = submit(1, generate(3, { sampling: SAMPLING[mode] }));
      await run();
      expect(outcome(events)).toMatchObject({ kind: 'failed', error: { code: 'corrupt-model', requestId: 1 } });
      expect(JSON.stringify(outcome(events))).toContain('The model produced NaN');
    }
  });
});

describe('several requests', () => {
  it('run one at a time, first come first served, and are refused beyond the queue', async () => {
    const { submit, run, actor, settle } = setUp();
    const order: number[] = [];
    const all = [1, 2, 3].map((id) => submit(id, generate(3)));
    const refused = submit(4, generate(3));
    await settle();
    expect(actor.snapshot()).toMatchObject({ queue: 2, kv: { totalBlocks: 32, blockTokens: 4 } });
    expect(outcome(refused)).toMatchObject({ kind: 'failed', error: { code: 'busy' } });
    expect(types(refused)).toEqual(['ended']);
    await run();
    for (const { id, finishReason } of actor.snapshot().requests) if (finishReason !== undefined) order.push(id);
    expect(order).toEqual([1, 2, 3]);
    for (const events of all) expect(tokens(events)).toEqual(soloRun(generate(3), LIMITS).tokens);
  });

  it('decode together, prompts in between', async () => {
    const { submit, run, runner, settle } = setUp({ maxConcurrent: 3, maxQueued: 8, depth: 1 });
    const sampling = { ...SAMPLING.logits, logitBias: [[9, 100]] as const };
    submit(1, generate(4, { sampling }));
    submit(2, generate(12, { sampling }));
    await settle();
    await run();
    const kinds = runner.batches.map((batch) => `${batch.kind} ${batch.rows.map((row) => row.slot).join()}`);
    expect(kinds.slice(0, 6)).toEqual([
      'prefill 0,0,0,0',
      'decode 0',
      'prefill 1,1,1,1',
      'decode 0',
      'prefill 1,1,1,1',
      'decode 0',
    ]);
    expect(kinds.slice(6, 9)).toEqual(['prefill 1,1,1,1', 'decode 0,1', 'decode 0,1']);
  });

  it('give the blocks of one to the next while its last step is still in flight', async () => {
    const { submit, actor, runner, settle, run } = setUp();
    submit(1, generate(3));
    await settle();
    actor.cancel(requestId(1));
    const next = submit(2, generate(4));
    await run();
    expect(runner.batches.at(-1)?.sequences[0]?.blocks).toContain(0);
    expect(tokens(next)).toEqual(soloRun(generate(4), LIMITS).tokens);
  });

  it('are refused with the id of one that runs', async () => {
    const { submit, run } = setUp();
    const first = submit(1, generate(3));
    const second = submit(1, generate(4));
    await run();
    expect(outcome(second)).toMatchObject({ error: { code: 'invalid-request', requestId: 1 } });
    expect(tokens(first)).toEqual(soloRun(generate(3), LIMITS).tokens);
  });

  it('are refused by an empty stop string, and nothing else happens', async () => {
    const { submit, run, actor } = setUp();
    const events = submit(1, generate(3, { stop: [''] }));
    await run();
    expect(outcome(events)).toMatchObject({ error: { code: 'invalid-request', param: 'stop' } });
    expect(actor.snapshot().state).toBe('ready');
  });
});

describe('snapshot', () => {
  it('is frozen, the same while nothing changes, and keeps the last 32 that ended', async () => {
    const { submit, actor, run } = setUp({ maxQueued: 100 });
    const before = actor.snapshot();
    expect(actor.snapshot()).toBe(before);
    for (let id = 1; id <= 40; id++) submit(id, generate(3, { maxTokens: 1 }));
    await run();
    const after = actor.snapshot();
    expect(after.version).toBeGreaterThan(before.version);
    expect(before.requests).toEqual([]);
    expect(after.requests.map((request) => request.id)).toEqual(Array.from({ length: 32 }, (_, index) => index + 9));
    expect(after.requests[0]).toEqual({
      id: 9,
      state: 'ended',
      promptTokens: 3,
      generatedTokens: 1,
      finishReason: 'length',
    });
    for (const part of [after, after.requests, after.requests[0], after.kv]) expect(Object.isFrozen(part)).toBe(true);
  });
});
