import { describe, expect, it } from 'vitest';
import { createChatTokenizer, type ChatTokenizer } from '../../src/tokenizer/chat-tokenizer';
import type { GgufMetadata } from '../../src/gguf/types';

/** What the oracle's file says of a model's tokenizer: llama.cpp's ids. */
export interface TokenizerOracle {
  readonly meta: { readonly nVocab: number; readonly bos: number; readonly eos: number; readonly eot: number };
  readonly tokenize: readonly {
    readonly text: string;
    readonly ids: readonly number[];
    readonly idsSpecial: readonly number[];
  }[];
  readonly raw: readonly { readonly prompt: string; readonly promptIds: readonly number[] }[];
  readonly chat: readonly { readonly user: string; readonly prompt: string; readonly promptIds: readonly number[] }[];
  readonly perplexity: { readonly ids: readonly number[] };
}

/** The tokenizer of a real model against llama.cpp. */
export function describeRealTokenizer(
  model: string,
  metadata: GgufMetadata,
  expected: TokenizerOracle,
  more: (tokenizer: ChatTokenizer) => void,
): void {
  describe(`llama.cpp on ${model}`, () => {
    const tokenizer = createChatTokenizer(metadata);

    it('has the same vocabulary and special ids', () => {
      expect(tokenizer.vocabularySize).toBe(expected.meta.nVocab);
      expect(tokenizer.bosId).toBe(expected.meta.bos);
      more(tokenizer);
    });

    it.each(expected.tokenize)('encodes $text', ({ text, ids, idsSpecial }) => {
      expect(tokenizer.encode(text, { addSpecial: false, parseSpecial: false })).toEqual(ids);
      expect(tokenizer.encode(text, { addSpecial: false, parseSpecial: true })).toEqual(idsSpecial);
      expect(tokenizer.decode(ids)).toBe(text);
      expect(tokenizer.decode(idsSpecial)).toBe(text);
    });

    it.each([...expected.raw, ...expected.chat])('encodes the prompt $prompt', ({ prompt, promptIds }) => {
      expect(tokenizer.encode(prompt)).toEqual(promptIds);
    });

    it('gives the ids of a long text again', () => {
      const { ids } = expected.perplexity;
      const text = tokenizer.decode(tokenizer.addsBos ? ids.slice(1) : ids);
      expect(tokenizer.encode(text)).toEqual(ids);
    });
  });
}
