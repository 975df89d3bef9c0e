import { describe, expect, it } from 'vitest';
import { requestId } from '../base/ids';
import { isAdmissible, schedule, type ActiveView, type ScheduleView } from './scheduler';

function request(id: number, changes: Partial<ActiveView> = {}): ActiveView {
  return {
    id: requestId(id),
    promptTokens: 10,
    knownTokens: 10,
    submitted: 0,
    maxOutputs: 5,
    runsAhead: true,
    ...changes,
  };
}

/** Its prompt is in the cache, and the host knows its first token. */
const decoding = (id: number, changes: Partial<ActiveView> = {}): ActiveView =>
  request(id, { submitted: 10, knownTokens: 11, ...changes });

function plan(active: readonly ActiveView[], changes: Partial<ScheduleView> = {}): ReturnType<typeof schedule> {
  return schedule({ active, chunkTokens: 4, replayRows: 3, lastKind: null, stepsInFlight: 0, depth: 2, ...changes });
}

describe('schedule', () => {
  it('has nothing to do for nobody, nor beyond its depth', () => {
    expect(plan([])).toBeNull();
    expect(plan([request(1)], { stepsInFlight: 2 })).toBeNull();
    expect(plan([request(1)], { stepsInFlight: 1, depth: 1 })).toBeNull();
  });

  it('cuts a prompt into chunks, the last one as long as it is', () => {
    expect(plan([request(1)])).toEqual({ kind: 'prefill', id: 1, from: 0, to: 4 });
    expect(plan([request(1, { submitted: 8 })])).toEqual({ kind: 'prefill', id: 1, from: 8, to: 10 });
  });

  it('runs prompts in the order of admission', () => {
    expect(plan([request(3, { submitted: 4 }), request(1)])).toMatchObject({ id: 3, from: 4 });
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
    const ahead = { submitted: 12, knownTokens: 12 }; // three tokens are asked for, two are known
    expect(plan([decoding(1, ahead)])?.kind).toBe('decode');
    expect(plan([decoding(1, { ...ahead, runsAhead: false })])).toBeNull();
    expect(plan([decoding(1, { ...ahead, runsAhead: false }), decoding(2)])).toEqual({ kind: 'decode', ids: [2] });
  });

  it('decodes at once after the last chunk of a prompt, and not beyond the last token', () => {
    expect(plan([decoding(1, { knownTokens: 10 })])?.kind).toBe('decode');
    expect(plan([decoding(1, { submitted: 13, knownTokens: 13 })])?.kind).toBe('decode');
    expect(plan([decoding(1, { submitted: 14, knownTokens: 14 })])).toBeNull();
    expect(plan([request(1, { submitted: 10, maxOutputs: 0 })])).toBeNull();
  });

  it('replays what is known of an answer behind its prompt, and then decodes its last token', () => {
    const known = { knownTokens: 15, maxOutputs: 9 };
    expect(plan([request(1, { ...known, submitted: 8 })])).toEqual({ kind: 'prefill', id: 1, from: 8, to: 10 });
    expect(plan([request(1, { ...known, submitted: 10 })])).toEqual({ kind: 'replay', id: 1, from: 10, to: 13 });
    expect(plan([request(1, { ...known, submitted: 13 })])).toEqual({ kind: 'replay', id: 1, from: 13, to: 14 });
    expect(plan([request(1, { ...known, submitted: 14, runsAhead: false })])).toEqual({ kind: 'decode', ids: [1] });
    expect(plan([request(1, { ...known, submitted: 15, runsAhead: false })])).toBeNull();
  });

  it('alternates between replays and answers', () => {
    const active = [decoding(1), request(2, { submitted: 10, knownTokens: 15 })];
    expect(plan(active, { lastKind: 'decode' })?.kind).toBe('replay');
    expect(plan(active, { lastKind: 'replay' })?.kind).toBe('decode');
  });
});

describe('isAdmissible', () => {
  const view = { blocks: 4, activeCount: 0, maxActive: 2, freeBlocks: 100 };

  it('keeps to the places', () => {
    expect(isAdmissible(view)).toBe(true);
    expect(isAdmissible({ ...view, activeCount: 2 })).toBe(false);
  });

  it('leaves a block to grow into to each that runs', () => {
    expect(isAdmissible({ ...view, activeCount: 1, freeBlocks: 5 })).toBe(true);
    expect(isAdmissible({ ...view, activeCount: 1, freeBlocks: 4 })).toBe(false);
    expect(isAdmissible({ ...view, freeBlocks: 4 })).toBe(true);
  });
});
