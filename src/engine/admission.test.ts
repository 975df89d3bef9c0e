import { describe, expect, it } from 'vitest';
import { requestId, tokenId } from '../base/ids';
import type { Task } from '../protocol/commands';
import { capacityTokens, maxOutputs, refusal, reusableTokens } from './admission';
import type { RunnerLimits } from './runner';
import { GREEDY } from '../../test/simulation/toy-task';

const limits: RunnerLimits = {
  vocabularySize: 100,
  contextLength: 64,
  blockTokens: 16,
  totalBlocks: 8,
  window: null,
  minChunkTokens: 4,
  maxChunkTokens: 32,
  maxDecodeRows: 4,
  maxSlots: 4,
  topK: 64,
};

const generate = (promptTokens: number, maxTokens: number) =>
  ({
    kind: 'generate',
    promptIds: Array.from({ length: promptTokens }, () => tokenId(5)),
    emittedIds: [],
    maxTokens,
    stop: [],
    sampling: GREEDY,
  }) satisfies Task;

const evaluate = (promptTokens: number, positions: number[]): Task => ({
  kind: 'evaluate',
  promptIds: generate(promptTokens, 1).promptIds,
  positions,
});

const whyNot = (task: Task, changes: Partial<RunnerLimits> = {}) =>
  refusal(requestId(3), task, { ...limits, ...changes });

describe('capacity', () => {
  it('is the context, or the pool where that is smaller', () => {
    expect(capacityTokens(limits)).toBe(64);
    expect(capacityTokens({ ...limits, totalBlocks: 2 })).toBe(32);
  });

  it('limits the answer; the last token needs no place', () => {
    expect(maxOutputs(generate(60, 100), limits)).toBe(4);
    expect(maxOutputs(generate(60, 2), limits)).toBe(2);
  });
});

describe('reusableTokens', () => {
  it('leaves a row to run, and every row whose logits are wanted', () => {
    expect(reusableTokens(generate(16, 1))).toBe(15);
    expect(reusableTokens(evaluate(33, [32]))).toBe(32);
    expect(reusableTokens(evaluate(33, [7, 32]))).toBe(7);
    expect(reusableTokens(evaluate(33, []))).toBe(32);
  });
});

describe('refusal', () => {
  it('accepts what fits exactly', () => {
    expect(whyNot(generate(63, 100))).toBeNull();
    expect(whyNot(evaluate(64, [0, 5, 63]))).toBeNull();
  });

  it('names the numbers of an overflow, and the way out', () => {
    const error = whyNot(generate(64, 1));
    expect(error).toMatchObject({ code: 'context-overflow', param: 'prompt', requestId: 3 });
    expect(error?.message).toBe(
      'The prompt has 64 tokens and needs room for at least one more, but this engine holds 64 tokens a request. ' +
        'Shorten the prompt, or load the model with a larger contextLength or kvCacheTokens.',
    );
    expect(whyNot(evaluate(65, []))?.code).toBe('context-overflow');
    expect(whyNot(generate(32, 1), { totalBlocks: 2 })?.code).toBe('context-overflow');
  });

  it('names the field that is wrong', () => {
    expect(whyNot(generate(0, 1))).toMatchObject({ code: 'invalid-request', param: 'prompt' });
    expect(whyNot({ ...generate(1, 1), promptIds: [tokenId(100)] })?.message).toContain(
      'token 100; ids go from 0 to 99',
    );
    expect(whyNot({ ...generate(1, 5), emittedIds: [tokenId(100)] })?.message).toContain('token 100');
    expect(whyNot(generate(1, 0))?.param).toBe('max_tokens');
    for (const positions of [[3, 3], [2, 1], [-1], [10], [0.5], [Number.NaN]]) {
      expect([positions, whyNot(evaluate(10, positions))?.param]).toEqual([positions, 'positions']);
    }
  });
});
