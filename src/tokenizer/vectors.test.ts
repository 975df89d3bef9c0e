import { describe, expect, it } from 'vitest';
import { readJson, zooMetadata } from '../../test/support/model-metadata';
import {
  characterVocabulary,
  pairVocabulary,
  pieceVocabulary,
  type VocabularyMetadata,
} from '../../test/support/tokenizer-vocabularies';
import { createTokenizer, type LoadedTokenizer } from './create-tokenizer';
import { findPreTokenizer, PRE_TOKENIZERS } from './pre-tokenizers/registry';

interface VectorFile {
  readonly texts: readonly string[];
  /** By vocabulary, then by text. */
  readonly ids: Readonly<Record<string, readonly (readonly number[])[]>>;
}

const vectors = (name: string): VectorFile => readJson(`test/fixtures/tokenizer/${name}.json`) as VectorFile;
const made = (metadata: VocabularyMetadata): LoadedTokenizer => createTokenizer(new Map(Object.entries(metadata)));

/** Every text with its ids, so that a failure shows the text. */
function expectSameIds(tokenizer: LoadedTokenizer, { texts, ids }: VectorFile, name: string): void {
  expect(texts.length).toBeGreaterThanOrEqual(500);
  const given = texts.map((text) => [text, tokenizer.encode(text, { addSpecial: false })]);
  expect(given).toEqual(texts.map((text, index) => [text, ids[name]?.[index]]));
}

describe('the same ids as llama.cpp on random texts', () => {
  const words = vectors('bpe-words');

  it.each(Object.keys(words.ids))('byte-level BPE, pre-tokenizer %s', (name) => {
    expectSameIds(made(pairVocabulary(name)), words, name);
  });

  it('byte-level BPE: of all pre-tokenizers, by all their names', () => {
    expect(Object.keys(words.ids)).toEqual(PRE_TOKENIZERS.map(([, name]) => name));
    for (const [preTokenizer, ...names] of PRE_TOKENIZERS) {
      for (const name of names) expect(findPreTokenizer(name).preTokenizer).toBe(preTokenizer);
    }
  });

  const characters = vectors('character-bpe');

  it.each(Object.keys(characters.ids))('BPE over characters, %s', (name) => {
    expectSameIds(made(characterVocabulary(name)), characters, name);
  });

  const pieces = vectors('sentencepiece');

  it.each([
    ['phi3', createTokenizer(zooMetadata('phi3'))],
    ['gemma3', createTokenizer(zooMetadata('gemma3'))],
    ['with prefix', made(pieceVocabulary(true))],
    ['without prefix', made(pieceVocabulary(false))],
  ])('SentencePiece, %s', (name, tokenizer) => expectSameIds(tokenizer, pieces, name));

  it('WordPiece, minilm', () => {
    expectSameIds(createTokenizer(zooMetadata('minilm')), vectors('wordpiece'), 'minilm');
  });
});
