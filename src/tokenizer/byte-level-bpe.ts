import type { TokenId } from '../base/ids';
import { addedTokens } from './added-tokens';
import { BYTE_CHARACTERS, spell, spelledBytes } from './byte-characters';
import { BytePairMerger } from './byte-pair-merge';
import { MergeTable } from './merge-table';
import { stringAt, stringsAt, type Metadata } from './metadata';
import { splitWords, type PreTokenizer } from './pre-tokenizers/pre-tokenizer';
import { findPreTokenizer } from './pre-tokenizers/registry';
import type { TokenizerModel } from './tokenizer-model';
import type { Vocabulary } from './vocabulary';

const MAX_CACHED_WORDS = 16_384;
const MAX_CACHED_WORD_BYTES = 64;

/**
 * `tokenizer.ggml.model` = `gpt2`: byte-level byte-pair encoding, as GPT-2 introduced it. Some vocabularies lack tokens for rare bytes
 * (SmolLM2: six control characters, and what begins characters of planes 4 to 11): text loses them, as in llama.cpp.
 */
export function createByteLevelBpe(metadata: Metadata, vocabulary: Vocabulary): TokenizerModel {
  const { preTokenizer, notes } = findPreTokenizer(stringAt(metadata, 'tokenizer.ggml.pre'));
  const merges = stringsAt(metadata, 'tokenizer.ggml.merges');
  const table = new MergeTable(vocabulary, merges, (text) => text);
  const words = new WordEncoder(vocabulary, table, preTokenizer);
  return {
    encode(text, _isAfterSpecial, output) {
      for (const word of splitWords(text, preTokenizer)) words.encode(word, output);
    },
    bytes: (id) => tokenBytes(vocabulary.texts[id] ?? ''),
    added: addedTokens(metadata, vocabulary, preTokenizer.addBos ?? false),
    notes,
  };
}

/** Ids of words, with a cache: real text repeats its words. */
class WordEncoder {
  readonly #idOf: ReadonlyMap<string, TokenId>;
  readonly #merger: BytePairMerger;
  readonly #symbolOfByte: Int32Array;
  readonly #wholeWordsFirst: boolean;
  readonly #longestToken: number;
  readonly #cache = new Map<string, readonly TokenId[]>();
  readonly #utf8 = new TextEncoder();
  readonly #buffer = new Uint8Array(4 * MAX_CACHED_WORD_BYTES);

  constructor(vocabulary: Vocabulary, table: MergeTable, preTokenizer: PreTokenizer) {
    this.#idOf = vocabulary.idOf;
    this.#merger = new BytePairMerger(table);
    this.#symbolOfByte = Int32Array.from(BYTE_CHARACTERS, (character) => table.symbolOf(character));
    this.#wholeWordsFirst = preTokenizer.wholeWordsFirst ?? false;
    this.#longestToken = vocabulary.longestTextUnits;
  }

  encode(word: string, output: TokenId[]): void {
    const bytes = this.#bytes(word);
    if (bytes.length > MAX_CACHED_WORD_BYTES) {
      this.#encodeBytes(bytes, bytes.length <= this.#longestToken ? spell(bytes) : null, output);
      return;
    }
    // the spelling is a string of its own; a slice of the text as key would keep the whole text alive
    const spelling = spell(bytes);
    let ids = this.#cache.get(spelling);
    if (ids === undefined) {
      const fresh: TokenId[] = [];
      this.#encodeBytes(bytes, spelling, fresh);
      if (this.#cache.size >= MAX_CACHED_WORDS) this.#cache.clear();
      this.#cache.set(spelling, fresh);
      ids = fresh;
    }
    for (const id of ids) output.push(id);
  }

  #encodeBytes(bytes: Uint8Array, spelling: string | null, output: TokenId[]): void {
    const whole = this.#wholeWordsFirst && spelling !== null ? this.#idOf.get(spelling) : undefined;
    if (whole === undefined) this.#merger.encode(this.#symbols(bytes), output);
    else output.push(whole);
  }

  #symbols(bytes: Uint8Array): Int32Array {
    const symbols = new Int32Array(bytes.length);
    for (let at = 0; at < bytes.length; at += 1) symbols[at] = this.#symbolOfByte[bytes[at] ?? 0] ?? -1;
    return symbols;
  }

  /** UTF-8; valid until the next call. */
  #bytes(word: string): Uint8Array {
    if (3 * word.length > this.#buffer.length) return this.#utf8.encode(word);
    return this.#buffer.subarray(0, this.#utf8.encodeInto(word, this.#buffer).written);
  }
}

/** A character that spells no byte stands for itself. */
function tokenBytes(text: string): Uint8Array {
  const spelled = spelledBytes(text);
  if (spelled !== null) return spelled;
  const bytes = Array.from(text, (character) => spelledBytes(character) ?? new TextEncoder().encode(character));
  return Uint8Array.from(bytes.flatMap((part) => [...part]));
}
