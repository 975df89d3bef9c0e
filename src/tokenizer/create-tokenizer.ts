import { ForgelightError } from '../base/errors';
import type { TokenId } from '../base/ids';
import { createByteLevelBpe } from './byte-level-bpe';
import { badMetadata, booleanAt, stringAt, type Metadata } from './metadata';
import { createSpecialSplitter } from './special-tokens';
import type { EncodeOptions, Tokenizer } from './tokenizer';
import type { TokenizerModel } from './tokenizer-model';
import { readVocabulary, TOKEN_KIND, type Vocabulary } from './vocabulary';

/** By `tokenizer.ggml.model`. A new algorithm: a file beside this one, and a line here. */
const MODELS: ReadonlyMap<string, (metadata: Metadata, vocabulary: Vocabulary) => TokenizerModel> = new Map([
  ['gpt2', createByteLevelBpe],
]);

/** A run of four million letters exceeds a regular expression's stack, and no context holds a text of this length. */
const MAX_TEXT_UNITS = 2 * 1024 * 1024;

const NO_BYTES = new Uint8Array(0);

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
  const createModel = MODELS.get(name);
  if (createModel === undefined) {
    throw new ForgelightError(
      'unsupported-architecture',
      `The tokenizer ${JSON.stringify(name)} is not supported yet. Choose a model of another family.`,
    );
  }
  const vocabulary = readVocabulary(metadata);
  const model = createModel(metadata, vocabulary);
  return compose(vocabulary, model, {
    bos: addedId(metadata, 'bos', model.addBos, vocabulary.bosId),
    eos: addedId(metadata, 'eos', false, vocabulary.eosId),
  });
}

/** The id to add at an end of every text, `null` for none. */
function addedId(metadata: Metadata, name: 'bos' | 'eos', byDefault: boolean, id: TokenId | null): TokenId | null {
  const isAdded = booleanAt(metadata, `tokenizer.ggml.add_${name}_token`) ?? byDefault;
  if (isAdded && id === null)
    throw badMetadata(`tokenizer.ggml.${name}_token_id`, 'is missing, though it is to be added to every text');
  return isAdded ? id : null;
}

function compose(
  vocabulary: Vocabulary,
  model: TokenizerModel,
  added: { readonly bos: TokenId | null; readonly eos: TokenId | null },
): LoadedTokenizer {
  const specials = createSpecialSplitter(vocabulary);

  function encode(text: string, { addSpecial = true, parseSpecial = true }: EncodeOptions = {}): TokenId[] {
    if (text.length > MAX_TEXT_UNITS) {
      throw new ForgelightError(
        'invalid-request',
        `The text has ${text.length} characters, more than ${MAX_TEXT_UNITS}. Send a shorter one.`,
      );
    }
    const ids: TokenId[] = [];
    if (addSpecial && added.bos !== null) ids.push(added.bos);
    for (const fragment of specials.split(text, parseSpecial)) {
      if (typeof fragment === 'string') model.encode(fragment, ids);
      else ids.push(fragment);
    }
    if (addSpecial && added.eos !== null) ids.push(added.eos);
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
    addsBos: added.bos !== null,
    addsEos: added.eos !== null,
    notes: model.notes,
    encode,
    bytes,
    decode: (ids) =>
      new TextDecoder('utf-8', { ignoreBOM: true }).decode(concatenate(ids.map((id) => bytes(id as TokenId, true)))),
  };
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

/** `<0x0A>` → the byte 10. */
function namedByte(text: string): Uint8Array {
  const hex = /^<0x([0-9A-Fa-f]{2})>$/.exec(text)?.[1];
  return hex === undefined ? NO_BYTES : Uint8Array.of(Number.parseInt(hex, 16));
}

function unknownId(id: number, vocabularySize: number): ForgelightError {
  return new ForgelightError(
    'invalid-request',
    `${String(id)} is no token of this model: ids are whole numbers from 0 to ${vocabularySize - 1}.`,
    { param: 'ids' },
  );
}
