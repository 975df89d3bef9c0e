import { describe, expect, it } from 'vitest';
import { tokenId } from '../base/ids';
import { chatTask, completionTask, evaluateTask, type TaskDeps } from './task';

const codes = (text: string) => Array.from(text, (letter) => tokenId(letter.charCodeAt(0)));
const text = (ids: readonly number[]): string => String.fromCharCode(...ids);

/** One token a character; `^` stands for BOS. */
const deps: TaskDeps = {
  tokenizer: {
    encode: (given, options = {}) => codes((options.addSpecial ?? true) ? `^${given}` : given),
    encodeChat: (messages, options = {}) =>
      codes(
        `^${messages.map(({ role, content }) => `${role[0]}:${JSON.stringify(content)}.`).join('')}a:${JSON.stringify(options.kwargs)}`,
      ),
  },
  modelNames: ['letters', 'letters.gguf'],
  vocabularySize: 200,
  contextLength: 99,
  randomSeed: () => 4242,
};

const messages = [{ role: 'user', content: 'hi' }];

describe('chatTask', () => {
  it('renders, tokenises and fills in the defaults', () => {
    const task = chatTask({ messages, chat_template_kwargs: { x: 1 } }, deps);
    expect(text(task.promptIds)).toBe('^u:"hi".a:{"x":1}');
    expect(task).toMatchObject({
      kind: 'generate',
      maxTokens: 99,
      stop: [],
      sampling: { seed: 4242, temperature: 0.8 },
    });
  });

  it('keeps what the request names', () => {
    const task = chatTask(
      { messages, seed: 0, max_tokens: 3, stop: 'x', model: 'letters.gguf', logit_bias: { 199: 1 } },
      deps,
    );
    expect(task).toMatchObject({ maxTokens: 3, stop: ['x'], sampling: { seed: 0, logitBias: [[199, 1]] } });
  });

  it.each([
    [{ messages, model: 'gpt-4' }, 'model', 'model must be "letters" or "letters.gguf"'],
    [{ messages, logit_bias: { 200: 1 } }, 'logit_bias.200', 'ids go from 0 to 199'],
    [{ messages, temperature: 3 }, 'temperature', 'from 0 to 2'],
  ])('refuses %j', (body, param, words) => {
    expect(() => chatTask(body, deps)).toThrow(
      expect.objectContaining({ code: 'invalid-request', param, message: expect.stringContaining(words) }),
    );
  });
});

describe('completionTask', () => {
  it('takes text with BOS, and token ids as they are', () => {
    expect(text(completionTask({ prompt: 'ab' }, deps).promptIds)).toBe('^ab');
    expect(completionTask({ prompt: [7, 199] }, deps).promptIds).toEqual([7, 199]);
    expect(completionTask({ prompt: 'a', logprobs: 3 }, deps).sampling.topLogprobs).toBe(3);
  });

  it('refuses ids that are not of the vocabulary', () => {
    expect(() => completionTask({ prompt: [7, 200] }, deps)).toThrow(
      expect.objectContaining({
        code: 'invalid-request',
        param: 'prompt[1]',
        message: expect.stringContaining('got 200'),
      }),
    );
  });
});

describe('evaluateTask', () => {
  it('resolves positions', () => {
    const positions = (wanted: unknown): readonly number[] => evaluateTask([5, 6, 7], wanted, deps).positions;
    expect(positions(undefined)).toEqual([2]);
    expect(positions('last')).toEqual([2]);
    expect(positions('all')).toEqual([0, 1, 2]);
    expect(positions([2, 0, 2])).toEqual([0, 2]);
  });

  it.each([
    [[5, 200], 'all', 'ids[1]', 'got 200'],
    [[5, 6], [0, 2], 'positions[1]', 'got 2'],
    [[5, 6], 'none', 'positions', '"last" or "all"'],
  ])('refuses %j at %j', (ids, positions, param, words) => {
    expect(() => evaluateTask(ids, positions, deps)).toThrow(
      expect.objectContaining({ code: 'invalid-request', param, message: expect.stringContaining(words) }),
    );
  });

  it('refuses more than 256 MiB of logits, and not a byte less', () => {
    const ids = Array.from({ length: 257 }, () => 0);
    const big = { vocabularySize: 262_144 };
    expect(evaluateTask(ids.slice(1), 'all', big).positions).toHaveLength(256);
    expect(() => evaluateTask(ids, 'all', big)).toThrow('positions asks for 257 MiB of logits; at most 256 MiB');
    expect(evaluateTask(ids, 'last', big).positions).toEqual([256]);
  });
});
