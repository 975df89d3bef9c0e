import { describe, expect, it } from 'vitest';
import type { Answer, Message } from '../element/chat-types';
import { contextUse } from './context-use';

const ask = (text: string): Message => ({ role: 'user', id: 1, text });
const write = (text: string, status: Answer['status'] = { kind: 'writing' }): Answer => ({
  role: 'assistant',
  id: 2,
  text,
  status,
  firstTokenMs: 1,
});
const counted = (text: string, prompt_n: number, predicted_n: number, cache_n = 0): Answer => {
  const rates = { prompt_ms: 1, prompt_per_second: 1, predicted_ms: 1, predicted_per_second: 1 };
  return write(text, { kind: 'finished', reason: 'stop', timings: { prompt_n, predicted_n, cache_n, ...rates } });
};

describe('how much of the context is filled', () => {
  it('is nothing before anything was asked', () => {
    expect(contextUse([], 100)).toBeNull();
  });

  it('is what the engine counted for the last answer, with what it remembered', () => {
    const messages = [ask('a'), counted('b', 20, 10), ask('c'), counted('d', 12, 30, 25)];
    expect(contextUse(messages, 1000)).toEqual({ tokens: 67, contextLength: 1000, isEstimate: false, level: 'roomy' });
  });

  it('is estimated for what came since', () => {
    const messages = [ask('a'), counted('b', 20, 10), ask('x'.repeat(40)), write('y'.repeat(80))];
    expect(contextUse(messages, 1000)).toMatchObject({ tokens: 30 + 10 + 20 + 16, isEstimate: true });
  });

  it('is estimated by the letters that this model’s tokens have', () => {
    const messages = [ask('a'), counted('日'.repeat(200), 20, 200), ask('本'.repeat(50))];
    expect(contextUse(messages, 1000)).toMatchObject({ tokens: 220 + 50 + 8 });
  });

  it.each([
    [84, 'roomy'],
    [85, 'near'],
    [99, 'near'],
    [100, 'full'],
    [130, 'full'],
  ])('of 100 with %d is %s', (tokens, level) => {
    expect(contextUse([ask('a'), counted('b', tokens - 1, 1)], 100)).toMatchObject({
      level,
      tokens: Math.min(tokens, 100),
    });
  });
});
