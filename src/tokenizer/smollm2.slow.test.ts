import { describe, expect, it } from 'vitest';
import { describeRealTokenizer, type TokenizerOracle } from '../../test/models/real-tokenizer-suite';
import { readJson, smollm2Metadata } from '../../test/support/model-metadata';
import { createChatTokenizer } from './chat-tokenizer';
import { createTokenizer } from './create-tokenizer';

const MODEL = 'SmolLM2-135M-Instruct.Q4_1';
const oracle = readJson(`test/fixtures/oracle/${MODEL}.json`) as TokenizerOracle;

describeRealTokenizer(MODEL, smollm2Metadata(), oracle, (tokenizer) => {
  // <reponame> (4) ends an answer too: llama.cpp counts the separators of fill-in-the-middle
  expect(tokenizer.endIds).toEqual(new Set([oracle.meta.eot, oracle.meta.eos, 4]));
  expect(tokenizer.notes).toEqual([]);
  expect(tokenizer.addsBos).toBe(false);
});

describe('the chat template of SmolLM2', () => {
  const tokenizer = createChatTokenizer(smollm2Metadata());

  it.each(oracle.chat)('renders and encodes the conversation $user', ({ user, prompt, promptIds }) => {
    const messages = [{ role: 'user', content: user }];
    expect(tokenizer.applyChatTemplate(messages)).toBe(prompt);
    expect(tokenizer.encodeChat(messages)).toEqual(promptIds);
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
