import { describe, expect, it } from 'vitest';
import { nextState, TRANSITIONS } from './lifecycle';

describe('the lifecycle of a request', () => {
  it('goes from the queue to its end', () => {
    expect(nextState('queued', 'admitted')).toBe('prefilling');
    expect(nextState('prefilling', 'prompted')).toBe('decoding');
    expect(nextState('decoding', 'finished')).toBe('ended');
  });

  it('may end in every phase, and once only', () => {
    for (const state of ['queued', 'prefilling', 'decoding'] as const)
      expect(nextState(state, 'finished')).toBe('ended');
    expect(TRANSITIONS.ended).toEqual({});
    expect(() => nextState('ended', 'finished')).toThrow('a request that is ended cannot be finished');
  });

  it('goes back to the queue and through it again', () => {
    for (const state of ['prefilling', 'decoding'] as const) expect(nextState(state, 'preempted')).toBe('queued');
    expect(() => nextState('queued', 'preempted')).toThrow('a request that is queued cannot be preempted');
  });

  it('skips nothing', () => {
    expect(() => nextState('queued', 'prompted')).toThrow('a request that is queued cannot be prompted');
    expect(() => nextState('decoding', 'admitted')).toThrow('a request that is decoding cannot be admitted');
  });
});
