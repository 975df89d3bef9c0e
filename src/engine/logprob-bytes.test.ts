import { describe, expect, it } from 'vitest';
import { pieceVocabulary } from '../../test/support/tokenizer-vocabularies';
import type { TokenId } from '../base/ids';
import { createTokenizer } from '../tokenizer/create-tokenizer';
import { withBytes } from './logprob-bytes';

const metadata = pieceVocabulary(true);
const tokenizer = createTokenizer(new Map(Object.entries(metadata)));
const texts = metadata['tokenizer.ggml.tokens'] as readonly string[];

function told(text: string): readonly number[] | undefined {
  const tokenId = texts.indexOf(text) as TokenId;
  expect(tokenId).not.toBe(-1);
  const rated = { tokenId, logprob: -1 };
  const { bytes, top } = withBytes({ ...rated, top: [rated] }, tokenizer);
  expect(top).toEqual([bytes === undefined ? rated : { ...rated, bytes }]);
  return bytes;
}

describe('withBytes', () => {
  it('tells the bytes of a token whose text alone does not: half a character, or a space that no text begins with', () => {
    expect(told('<0xE2>')).toEqual([0xe2]);
    expect(tokenizer.decode([texts.indexOf('▁the')])).toBe('the');
    expect(told('▁the')).toEqual([...new TextEncoder().encode(' the')]);
    expect(told('the')).toBeUndefined();
    expect(told('</s>')).toBeUndefined();
  });
});
