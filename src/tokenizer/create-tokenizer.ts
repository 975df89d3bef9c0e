import { ForgelightError } from '../base/errors';
import type { TokenId } from '../base/ids';
import { createBpe } from './bpe';
import { namedByte } from './byte-names';
import { createGemma4Bpe } from './character-bpe';
import { badMetadata, stringAt, type Metadata } from './metadata';
import { createSentencePiece } from './sentencepiece';
import { createSpecialSplitter } from './special-tokens';
import { findStripping } from './special-stripping';
import type { EncodeOptions, Tokenizer } from './tokenizer';
import type { TokenizerModel } from './tokenizer-model';
import { readVocabulary, TOKEN_KIND, type DefaultIds, type Vocabulary } from './vocabulary';
import { createWordPiece } from './wordpiece';

interface Algorithm {
  readonly create: (metadata: Metadata, vocabulary: Vocabulary) => TokenizerModel;
  /** Special ids of files that do not name them. */
  readonly defaults?: DefaultIds;
}

/** By `tokenizer.ggml.model`. A new algorithm: a file beside this one, and a line here. */
const ALGORITHMS: ReadonlyMap<string, Algorithm> = new Map<string, Algorithm>([
  ['gpt2', { create: createBpe }],
  ['gemma4', { create: createGemma4Bpe }],
  ['llama', { create: createSentencePiece, defaults: { unknown: 0, bos: 1, eos: 2 } }],
  ['bert', { create: createWordPiece, defaults: { unknown: 100, bos: 101, separator: 102 } }],
]);

/** A run of four million letters exceeds a regular expression's stack, and no context holds a text of this length. */
const MAX_TEXT_UNITS = 2 * 1024 * 1024;

const NO_BYTES = new Uint8Array(0);
const SPACE = 0x20;

/** A tokenizer with what its file asks for. */
export interface LoadedTokenizer extends Tokenizer {
  /** Whether `encode` puts BOS before and EOS behind, when `addSpecial` is set. */
  readonly addsBos: boolean;
  readonly addsEos: boolean;
  /** What the user should know, in whole sentences: a default that was used, bytes that get lost. */
  readonly notes: readonly string[];
}

/**
 * The tokenizer that a GGUF file's metadata describes; same ids as llama.cpp's.
 * Throws `bad-gguf`, naming the key, for metadata that is missing or malformed, and `unsupported-architecture` for an algorithm or a
 * pre-tokenizer that does not exist here.
 */
export function createTokenizer(metadata: Metadata): LoadedTokenizer {
  const name = stringAt(metadata, 'tokenizer.ggml.model');
  if (name === null) throw badMetadata('tokenizer.ggml.model', 'is missing');
  const algorithm = ALGORITHMS.get(name);
  if (algorithm === undefined) {
    throw new ForgelightError(
      'unsupported-architecture',
      `The tokenizer ${JSON.stringify(name)} is not supported yet. Choose a model of another family.`,
    );
  }
  const vocabulary = readVocabulary(metadata, algorithm.defaults);
  return compose(metadata, vocabulary, algorithm.create(metadata, vocabulary));
}

function compose(metadata: Metadata, vocabulary: Vocabulary, model: TokenizerModel): LoadedTokenizer {
  const specials = createSpecialSplitter(vocabulary, findStripping(metadata, vocabulary));
  const { before, behind } = model.added;

  function encode(text: string, { addSpecial = true, parseSpecial = true }: EncodeOptions = {}): TokenId[] {
    if (text.length > MAX_TEXT_UNITS) {
      throw new ForgelightError(
        'invalid-request',
        `The text has ${text.length} characters, more than ${MAX_TEXT_UNITS}. Send a shorter one.`,
      );
    }
    const ids: TokenId[] = [];
    if (addSpecial && before !== null) ids.push(before);
    let isAfterSpecial = true;
    for (const fragment of specials.split(wellFormed(text), parseSpecial)) {
      if (typeof fragment === 'string') model.encode(fragment, isAfterSpecial, ids);
      else ids.push(fragment);
      isAfterSpecial = typeof fragment !== 'string';
    }
    if (addSpecial && behind !== null) ids.push(behind);
    return ids;
  }

  function bytes(id: TokenId, special = false): Uint8Array {
    const text = vocabulary.texts[id];
    if (text === undefined) throw unknownId(id, vocabulary.texts.length);
    switch (vocabulary.kinds[id]) {
      case TOKEN_KIND.normal:
        return model.bytes(id);
      case TOKEN_KIND.userDefined:
        return new TextEncoder().encode(text);
      case TOKEN_KIND.control:
      case TOKEN_KIND.unknown:
        return special ? new TextEncoder().encode(text) : NO_BYTES;
      case TOKEN_KIND.byte:
        return namedByte(text);
      default:
        return NO_BYTES; // unused and undefined tokens stand for nothing
    }
  }

  return {
    vocabularySize: vocabulary.texts.length,
    bosId: vocabulary.bosId,
    eosId: vocabulary.eosId,
    endIds: vocabulary.endIds,
    addsBos: before !== null,
    addsEos: behind !== null,
    notes: model.notes,
    encode,
    bytes,
    decode(ids) {
      const parts = ids.map((id) => bytes(id as TokenId, true));
      if (model.addsSpacePrefix === true && parts[0]?.[0] === SPACE) parts[0] = parts[0].subarray(1);
      return new TextDecoder('utf-8', { ignoreBOM: true }).decode(concatenate(parts));
    },
  };
}

/** Unpaired surrogates become U+FFFD, as UTF-8 would have them. */
function wellFormed(text: string): string {
  return text.replace(/\p{Surrogate}/gu, '\ufffd');
}

function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let end = 0;
  for (const part of parts) {
    whole.set(part, end);
    end += part.length;
  }
  return whole;
}

function unknownId(id: number, vocabularySize: number): ForgelightError {
  return new ForgelightError(
    'invalid-request',
    `${String(id)} is no token of this model: ids are whole numbers from 0 to ${vocabularySize - 1}.`,
    { param: 'ids' },
  );
}
