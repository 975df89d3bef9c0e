import { Actor, type ActorOptions } from '../../src/engine/actor';
import type { RunnerLimits, StepBatch } from '../../src/engine/runner';
import { requestId, tokenId } from '../../src/base/ids';
import type { GenerateTask, Task } from '../../src/protocol/commands';
import type { RequestEvent } from '../../src/protocol/events';
import { SimulatedClock } from './simulated-clock';
import { ToyRunner } from './toy-runner';
import { SAMPLING, toyTokenizer, VOCABULARY_SIZE } from './toy-task';

/** The toy model's limits in tests that count. */
export const LIMITS: RunnerLimits = {
  vocabularySize: VOCABULARY_SIZE,
  contextLength: 64,
  blockTokens: 4,
  totalBlocks: 32,
  window: null,
  minChunkTokens: 4,
  maxChunkTokens: 4,
  maxDecodeRows: 4,
  maxSlots: 4,
  topK: 8,
};

/** Keeps the batches that it was given. */
class Recorder extends ToyRunner {
  readonly batches: StepBatch[] = [];

  override submit(batch: StepBatch) {
    this.batches.push(batch);
    return super.submit(batch);
  }
}

/** An actor on the toy model; steps come back when the test says so. */
export function setUp(changes: Partial<ActorOptions> = {}) {
  const runner = new Recorder(LIMITS);
  const clock = new SimulatedClock();
  const reported: unknown[] = [];
  const actor = new Actor({
    runner,
    clock,
    tokenizer: toyTokenizer,
    maxQueued: 2,
    maxConcurrent: 1,
    depth: 2,
    timeouts: { stepMs: 100, requestMs: 1000 },
    report: (error) => reported.push(error),
    ...changes,
  });
  const settle = async () => {
    for (let tick = 0; tick < 20; tick++) await Promise.resolve();
  };
  return {
    runner,
    clock,
    actor,
    reported,
    settle,
    submit: (id: number, task: Task) => {
      const events: RequestEvent[] = [];
      actor.submit(requestId(id), task, (event) => events.push(event));
      return events;
    },
    /** One step's results arrive, `afterMs` later. */
    step: async (afterMs = 0) => {
      clock.advance(afterMs);
      runner.deliver(0);
      await settle();
    },
    run: async () => {
      await settle();
      while (runner.pending.length > 0) {
        runner.deliver(0);
        await settle();
      }
    },
  };
}

/** A prompt after which the toy model says six tokens before it would end by itself. */
export function generate(promptTokens: number, changes: Partial<GenerateTask> = {}): GenerateTask {
  const promptIds = Array.from({ length: promptTokens }, (_, index) => tokenId(4 + ((index + 7) % 24)));
  return { kind: 'generate', promptIds, emittedIds: [], maxTokens: 6, stop: [], sampling: SAMPLING.argmax, ...changes };
}

export const types = (events: readonly RequestEvent[]) => events.map((event) => event.type);
export const tokens = (events: readonly RequestEvent[]) =>
  events.flatMap((event) => (event.type === 'token' ? [event.tokenId] : []));

export function outcome(events: readonly RequestEvent[]) {
  const last = events.at(-1);
  return last?.type === 'ended' ? last.outcome : null;
}
