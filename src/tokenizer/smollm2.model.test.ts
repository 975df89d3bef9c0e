import { describe, expect, it } from 'vitest';
import { readJson, smollm2Metadata } from '../../test/support/model-metadata';
import { createChatTokenizer } from './chat-tokenizer';
import { createTokenizer } from './create-tokenizer';

interface OracleFile {
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

describe('llama.cpp on SmolLM2-135M-Instruct', () => {
  const expected = readJson('test/fixtures/oracle/SmolLM2-135M-Instruct.Q4_1.json') as OracleFile;
  const tokenizer = createChatTokenizer(smollm2Metadata());

  it('has the same vocabulary and special ids', () => {
    expect(tokenizer.vocabularySize).toBe(expected.meta.nVocab);
    expect(tokenizer.bosId).toBe(expected.meta.bos);
    // <reponame> (4) ends an answer too: llama.cpp counts the separators of fill-in-the-middle
    expect(tokenizer.endIds).toEqual(new Set([expected.meta.eot, expected.meta.eos, 4]));
    expect(tokenizer.notes).toEqual([]);
    expect(tokenizer.addsBos).toBe(false);
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

  it.each(expected.chat)('renders and encodes the conversation $user', ({ user, prompt, promptIds }) => {
    const messages = [{ role: 'user', content: user }];
    expect(tokenizer.applyChatTemplate(messages)).toBe(prompt);
    expect(tokenizer.encodeChat(messages)).toEqual(promptIds);
  });

  it('gives the ids of a long text again', () => {
    const { ids } = expected.perplexity;
    expect(tokenizer.encode(tokenizer.decode(ids))).toEqual(ids);
  });
});

interface FuzzFile {
  readonly texts: readonly string[];
  /** By pre-tokenizer, then by text. */
  readonly ids: Readonly<Record<string, readonly (readonly number[])[]>>;
}

describe('llama.cpp on random texts', () => {
  const expected = readJson('test/fixtures/tokenizer/pre-tokenizers.json') as FuzzFile;
  const metadata = smollm2Metadata();

  it.each(Object.entries(expected.ids))('with the pre-tokenizer %s', (name, ids) => {
    const tokenizer = createTokenizer(new Map([...metadata, ['tokenizer.ggml.pre', name]]));
    const given = expected.texts.map((text) => tokenizer.encode(text, { addSpecial: false }));
    expect(given).toEqual(ids);
    expect(given).toHaveLength(160);
  });
});
