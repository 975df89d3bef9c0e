import { describe, expect, it } from 'vitest';
import { generate, LIMITS, outcome, setUp, tokens } from '../../test/simulation/actor-harness';
import { ToyRunner } from '../../test/simulation/toy-runner';
import { SAMPLING, soloRun } from '../../test/simulation/toy-task';
import { ForgelightError } from '../base/errors';
import { requestId } from '../base/ids';

describe('cancel', () => {
  it('ends a request in every phase within one step', async () => {
    for (const steps of [0, 1, 2, 3, 4, 5]) {
      const { submit, actor, settle, step, clock } = setUp({ depth: 1 });
      const events = submit(1, generate(10, { sampling: SAMPLING.logits }));
      if (steps > 0) await settle();
      for (let done = 1; done < steps; done++) await step();
      expect(actor.cancel(requestId(1))).toBe(true);
      expect(actor.cancel(requestId(1))).toBe(true);
      await settle();
      await step();
      expect(outcome(events)).toEqual({ kind: 'cancelled' });
      expect(actor.cancel(requestId(1))).toBe(false);
      expect(actor.snapshot().kv.freeBlocks).toBe(32);
      expect(clock.pending).toBe(0);
    }
  });

  it('says false for a request that never was', () => {
    expect(setUp().actor.cancel(requestId(9))).toBe(false);
  });

  it('leaves a new request with the same id alone, its late result and its late deadline too', async () => {
    const { submit, actor, settle, clock, runner, run } = setUp({ timeouts: { stepMs: 900, requestMs: 1000 } });
    const old = submit(1, generate(3));
    await settle();
    clock.advance(500);
    runner.deliver(0);
    await settle();
    actor.cancel(requestId(1));
    const fresh = submit(1, generate(5));
    clock.advance(600); // the deadline of the old one, before its cancel is read
    await run();
    expect(outcome(old)).toEqual({ kind: 'cancelled' });
    expect(tokens(fresh)).toEqual(soloRun(generate(5), LIMITS).tokens);
  });
});

describe('a listener that throws', () => {
  it('loses its request and nothing else', async () => {
    const { submit, actor, reported, run } = setUp({ maxConcurrent: 2 });
    actor.submit(requestId(1), generate(3), () => {
      throw new Error('closed port');
    });
    const other = submit(2, generate(3));
    await run();
    expect(reported).toMatchObject([{ message: 'closed port' }]);
    expect(actor.snapshot().requests[0]).toMatchObject({ id: 1, finishReason: 'cancelled' });
    expect(tokens(other)).toEqual(soloRun(generate(3), LIMITS).tokens);
    expect(actor.snapshot().kv.freeBlocks).toBe(32);
  });
});

describe('watchdogs', () => {
  it('tell of a step that hangs, and do not wait for it', async () => {
    const { submit, actor, clock, settle } = setUp();
    const running = submit(1, generate(3));
    const waiting = submit(2, generate(3));
    await settle();
    clock.advance(100);
    await settle();
    expect(outcome(running)).toMatchObject({ error: { code: 'timeout' } });
    expect(outcome(waiting)).toMatchObject({ error: { code: 'device-lost' } });
    expect(actor.snapshot().state).toBe('gone');
    const late = submit(3, generate(3));
    await settle();
    expect(outcome(late)).toMatchObject({ error: { code: 'device-lost' } });
    expect(clock.pending).toBe(0);
  });

  it('count a step from when the one before it was done', async () => {
    const { submit, step, settle, actor } = setUp();
    submit(1, generate(3));
    await settle();
    for (let count = 0; count < 4; count++) await step(90);
    expect(actor.snapshot().state).toBe('ready');
  });

  it('end a request that takes too long, the time in the queue included', async () => {
    const { submit, step, settle, run } = setUp({ timeouts: { stepMs: 50, requestMs: 100 }, depth: 1 });
    const first = submit(1, generate(3, { maxTokens: 50, sampling: { ...SAMPLING.logits, logitBias: [[9, 100]] } }));
    const second = submit(2, generate(3));
    await settle();
    for (let count = 0; count < 3; count++) await step(40);
    await run();
    for (const events of [first, second]) expect(outcome(events)).toEqual({ kind: 'timed_out' });
    expect(tokens(first)).toHaveLength(2);
  });

  it('must not contradict each other', () => {
    expect(() => setUp({ timeouts: { stepMs: 100, requestMs: 100 } })).toThrow('timeouts.stepMs (100) must be above 0');
  });
});

describe('the loss of the device', () => {
  it('ends everything at once, with steps that never come back', async () => {
    const { submit, actor, runner, settle } = setUp();
    const events = [1, 2].map((id) => submit(id, generate(3)));
    await settle();
    actor.deviceLost(runner, new Error('GPU process crashed'));
    await settle();
    for (const each of events) expect(outcome(each)).toMatchObject({ error: { code: 'device-lost' } });
    expect(JSON.stringify(events)).toContain('GPU process crashed');
    expect(actor.snapshot()).toMatchObject({ state: 'gone', kv: { freeBlocks: 32 } });
  });

  it('cuts answers to what a smaller device holds, and goes on', async () => {
    let restored: (runner: ToyRunner) => void = () => undefined;
    const { submit, actor, runner, settle, step } = setUp({
      maxConcurrent: 3,
      recover: () => new Promise((resolve) => (restored = resolve)),
    });
    const sampling = { ...SAMPLING.logits, logitBias: [[9, 100]] as const };
    const long = generate(4, { maxTokens: 50, sampling });
    const [first, second, whole] = [submit(1, long), submit(2, long), submit(3, generate(20, { sampling }))];
    await settle();
    for (let count = 0; count < 40; count++) await step();
    const told = tokens(first).length;
    expect(told).toBeGreaterThan(8);
    actor.deviceLost(runner, new Error('GPU process crashed'));
    await settle();
    const smaller = new ToyRunner({ ...LIMITS, totalBlocks: 3 });
    restored(smaller);
    await settle();
    expect(outcome(first)).toEqual({ kind: 'length' });
    expect(tokens(first)).toHaveLength(told);
    expect(outcome(second)).toEqual({ kind: 'length' });
    expect(outcome(whole)).toEqual({ kind: 'length' });
    const last = submit(4, long);
    for (await settle(); smaller.pending.length > 0; await settle()) smaller.deliver(0);
    expect(outcome(last)).toEqual({ kind: 'length' });
    expect(tokens(last)).toHaveLength(3 * LIMITS.blockTokens - 4);
    expect(actor.snapshot()).toMatchObject({ state: 'ready', kv: { freeBlocks: 3 } });
  });

  it('is not the same as a step that lacks memory', async () => {
    const { submit, actor, runner, settle, run } = setUp();
    const first = submit(1, generate(3));
    const second = submit(2, generate(3));
    await settle();
    runner.fail(0, new ForgelightError('out-of-memory', 'no memory'));
    await run();
    expect(outcome(first)).toMatchObject({ error: { code: 'out-of-memory', requestId: 1 } });
    expect(tokens(second)).toEqual(soloRun(generate(3), LIMITS).tokens);
    expect(actor.snapshot().state).toBe('ready');
  });
});

describe('a broken invariant', () => {
  it('stops the engine, tells every waiter in the agreed words, and leaves close working', async () => {
    let steps = 0;
    const { submit, actor, reported, run, settle } = setUp({
      inspect: () => {
        steps += 1;
        if (steps === 3) throw new Error('planted');
      },
    });
    const events = [1, 2].map((id) => submit(id, generate(3)));
    await run();
    expect(events.map(outcome)).toMatchObject(
      [1, 2].map((id) => ({
        error: {
          code: 'request-gone',
          message: `Request ${id} state disappeared during forward pass (may have been cancelled)`,
          requestId: id,
        },
      })),
    );
    expect(reported).toMatchObject([{ message: 'planted' }]);
    expect(actor.snapshot().state).toBe('gone');
    let closed = false;
    void actor.close().then(() => (closed = true));
    await settle();
    expect(closed).toBe(true);
  });
});

describe('close', () => {
  it('ends live requests, waits for steps in flight and refuses the rest', async () => {
    const { submit, actor, settle, step } = setUp();
    const events = [1, 2].map((id) => submit(id, generate(3)));
    await settle();
    let closed = false;
    void actor.close().then(() => (closed = true));
    await settle();
    expect(closed).toBe(false);
    await step();
    expect(events.map(outcome)).toMatchObject([{ error: { code: 'closed' } }, { error: { code: 'closed' } }]);
    await step();
    expect(closed).toBe(true);
    const late = submit(3, generate(3));
    await settle();
    expect(outcome(late)).toMatchObject({ error: { code: 'closed' } });
    expect(actor.snapshot().state).toBe('closed');
  });
});
