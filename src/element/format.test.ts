import { describe, expect, it } from 'vitest';
import { withPiece, type Answer } from './chat-types';
import { answerFigures, liveRate } from './format';

const answer = (status: Answer['status'], firstTokenMs: number | null = null): Answer => {
  return { role: 'assistant', id: 1, text: '', status, firstTokenMs };
};
const timings = {
  prompt_n: 31,
  prompt_ms: 820,
  prompt_per_second: 37.8,
  predicted_n: 64,
  predicted_ms: 4500,
  predicted_per_second: 14.22,
  cache_n: 12,
};

describe('the figures of an answer', () => {
  it('are both rates, what was remembered, and the wait for the first token', () => {
    expect(answerFigures(answer({ kind: 'finished', reason: 'stop', timings }, 900))).toEqual([
      ['Prompt read', '31 tokens in 820 ms, 37.8 tokens/s'],
      ['Remembered from before', '12 tokens'],
      ['First token, after sending', '900 ms'],
      ['Answer written', '64 tokens in 4.5 s, 14.2 tokens/s'],
    ]);
  });

  it('are left out where nothing was measured', () => {
    const idle = { ...timings, prompt_per_second: 0, predicted_per_second: 0, cache_n: 0 };
    expect(answerFigures(answer({ kind: 'finished', reason: 'stop', timings: idle }))).toEqual([
      ['Prompt read', '31 tokens in 820 ms'],
      ['Answer written', '64 tokens in 4.5 s'],
    ]);
    expect(answerFigures(answer({ kind: 'finished', reason: 'stop', timings: null }))).toEqual([]);
    expect(answerFigures(answer({ kind: 'stopped' }))).toEqual([]);
  });
});

describe('the rate while an answer is written', () => {
  const written = (atMs: readonly number[]): Answer =>
    atMs.reduce((growing, ms) => withPiece(growing, 'x', ms), answer({ kind: 'reading' }));

  it('counts from the first piece: the wait before it is no writing', () => {
    expect(liveRate(written([5000, 5100, 5200, 5300, 5400]))).toBe('10.0');
  });

  it('says nothing of a few pieces, nor of those that came at once', () => {
    expect(liveRate(written([5000, 5100, 5200, 5300]))).toBeNull();
    expect(liveRate(written([1, 1, 1, 1, 1, 1]))).toBeNull();
    expect(liveRate(answer({ kind: 'writing' }))).toBeNull();
  });
});
