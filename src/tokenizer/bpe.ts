import { createByteLevelBpe } from './byte-level-bpe';
import { findCharacterBpe } from './character-bpe';
import { stringAt, type Metadata } from './metadata';
import type { TokenizerModel } from './tokenizer-model';
import type { Vocabulary } from './vocabulary';

/** `tokenizer.ggml.model` = `gpt2`: the pre-tokenizer's name says whether bytes or characters are merged. */
export function createBpe(metadata: Metadata, vocabulary: Vocabulary): TokenizerModel {
  const create = findCharacterBpe(stringAt(metadata, 'tokenizer.ggml.pre')) ?? createByteLevelBpe;
  return create(metadata, vocabulary);
}
