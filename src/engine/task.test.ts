import { describe, expect, it } from 'vitest';
import { tokenId, type TokenId } from '../base/ids';
import type { EncodeOptions, Tokenizer } from '../tokenizer/tokenizer';
import { chatTask, completionTask, evaluateTask, type TaskDeps } from './task';

/** One token a character; 1 is BOS, written `^`, which a text may also spell out as a special token. */
class LetterTokenizer implements Tokenizer {
  readonly vocabularySize = 200;
  readonly bosId: TokenId | null = tokenId(1);
  readonly eosId = tokenId(2);
  readonly endIds = new Set([tokenId(2)]);
  encode(text: string, { addSpecial = true, parseSpecial = true }: EncodeOptions = {}): TokenId[] {
    const ids = [...text].map((letter) => tokenId(letter === '^' && parseSpecial ? 1 : letter.charCodeAt(0)));
    return addSpecial ? [tokenId(1), ...ids] : ids;
  }
  decode(ids: readonly number[]): string {
    return ids.map((id) => (id === 1 ? '^' : String.fromCharCode(id))).join('');
  }
  bytes(id: TokenId): Uint8Array {
    return new Uint8Array([id]);
  }
}

const deps: TaskDeps = {
  tokenizer: new LetterTokenizer(),
  chatTemplate: {
    render: (messages, { addGenerationPrompt, kwargs }) =>
      messages.map(({ role, content }) => `${role[0]}:${content}.`).join('') +
      (addGenerationPrompt ? 'a:' : '') +
      (kwargs['suffix'] === undefined ? '' : String(kwargs['suffix'])),
  },
  modelNames: ['letters', 'letters.gguf'],
  vocabularySize: 200,
  contextLength: 99,
  randomSeed: () => 4242,
};

const messages = [{ role: 'user', content: 'hi' }];
const text = (ids: readonly number[]): string => deps.tokenizer.decode(ids);

describe('chatTask', () => {
  it('renders, tokenises and fills in the defaults', () => {
    const task = chatTask({ messages, chat_template_kwargs: { suffix: '!' } }, deps);
    expect(text(task.promptIds)).toBe('^u:hi.a:!');
    expect(task).toMatchObject({ kind: 'generate', maxTokens: 99, stop: [], sampling: { seed: 4242, temperature: 0.8 } });
  });

  it('adds no second BOS', () => {
    const withBos = { ...deps, chatTemplate: { render: () => '^u:hi' } };
    expect(text(chatTask({ messages }, withBos).promptIds)).toBe('^u:hi');
  });

  it('keeps what the request names', () => {
    const task = chatTask({ messages, seed: 0, max_tokens: 3, stop: 'x', model: 'letters.gguf', logit_bias: { 199: 1 } }, deps);
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
  it('takes text with special tokens, and token ids as they are', () => {
    expect(text(completionTask({ prompt: 'a^b' }, deps).promptIds)).toBe('^a^b');
    expect(completionTask({ prompt: [7, 199] }, deps).promptIds).toEqual([7, 199]);
    expect(completionTask({ prompt: 'a', logprobs: 3 }, deps).sampling.topLogprobs).toBe(3);
  });

  it('refuses ids that are not of the vocabulary', () => {
    expect(() => completionTask({ prompt: [7, 200] }, deps)).toThrow(
      expect.objectContaining({ code: 'invalid-request', param: 'prompt[1]', message: expect.stringContaining('got 200') }),
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
