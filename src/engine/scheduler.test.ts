import { describe, expect, it } from 'vitest';
import { requestId } from '../base/ids';
import { admissible, schedule, type ActiveView, type ScheduleView } from './scheduler';

function request(id: number, changes: Partial<ActiveView> = {}): ActiveView {
  return {
    id: requestId(id),
    promptTokens: 10,
    promptSubmitted: 0,
    outputsSubmitted: 0,
    outputsCommitted: 0,
    maxOutputs: 5,
    runsAhead: true,
    ...changes,
  };
}

const decoding = (id: number, changes: Partial<ActiveView> = {}): ActiveView =>
  request(id, { promptSubmitted: 10, outputsSubmitted: 1, outputsCommitted: 1, ...changes });

function plan(active: readonly ActiveView[], changes: Partial<ScheduleView> = {}): ReturnType<typeof schedule> {
  return schedule({ active, chunkTokens: 4, lastKind: null, stepsInFlight: 0, depth: 2, ...changes });
}

describe('schedule', () => {
  it('has nothing to do for nobody, nor beyond its depth', () => {
    expect(plan([])).toBeNull();
    expect(plan([request(1)], { stepsInFlight: 2 })).toBeNull();
    expect(plan([request(1)], { stepsInFlight: 1, depth: 1 })).toBeNull();
  });

  it('cuts a prompt into chunks, the last one as long as it is', () => {
    expect(plan([request(1)])).toEqual({ kind: 'prefill', id: 1, from: 0, to: 4 });
    expect(plan([request(1, { promptSubmitted: 8 })])).toEqual({ kind: 'prefill', id: 1, from: 8, to: 10 });
  });

  it('runs prompts in the order of admission', () => {
    expect(plan([request(3, { promptSubmitted: 4 }), request(1)])).toMatchObject({ id: 3, from: 4 });
  });

  it('batches every request that has a row', () => {
    expect(plan([decoding(1), decoding(2), decoding(3)])).toEqual({ kind: 'decode', ids: [1, 2, 3] });
  });

  it('alternates between prompts and answers', () => {
    const active = [decoding(1), request(2)];
    expect(plan(active, { lastKind: 'decode' })?.kind).toBe('prefill');
    expect(plan(active, { lastKind: 'prefill' })?.kind).toBe('decode');
  });

  it('lets only a token that the device chooses run ahead of the host', () => {
    const ahead = { outputsSubmitted: 3, outputsCommitted: 2 };
    expect(plan([decoding(1, ahead)])?.kind).toBe('decode');
    expect(plan([decoding(1, { ...ahead, runsAhead: false })])).toBeNull();
    expect(plan([decoding(1, { ...ahead, runsAhead: false }), decoding(2)])).toEqual({ kind: 'decode', ids: [2] });
  });

  it('decodes at once after the last chunk of a prompt, and not beyond the last token', () => {
    expect(plan([decoding(1, { outputsCommitted: 0 })])?.kind).toBe('decode');
    expect(plan([decoding(1, { outputsSubmitted: 5 })])).toBeNull();
    expect(plan([request(1, { promptSubmitted: 10, maxOutputs: 0 })])).toBeNull();
  });
});

describe('admissible', () => {
  const queue = [4, 2, 3].map((blockBudget, index) => ({ id: requestId(index + 1), blockBudget }));

  it('fills the places in order', () => {
    expect(admissible({ queue, activeCount: 0, maxActive: 1, unpromisedBlocks: 100 })).toEqual([1]);
    expect(admissible({ queue, activeCount: 1, maxActive: 3, unpromisedBlocks: 100 })).toEqual([1, 2]);
    expect(admissible({ queue, activeCount: 2, maxActive: 2, unpromisedBlocks: 100 })).toEqual([]);
  });

  it('promises no block twice, and lets nobody overtake', () => {
    expect(admissible({ queue, activeCount: 0, maxActive: 8, unpromisedBlocks: 8 })).toEqual([1, 2]);
    expect(admissible({ queue, activeCount: 0, maxActive: 8, unpromisedBlocks: 3 })).toEqual([]);
  });
});
