import { tokenId, type TokenId } from '../base/ids';
import { badMetadata, booleanAt, type Metadata } from './metadata';
import type { TokenizerModel } from './tokenizer-model';
import type { Vocabulary } from './vocabulary';
import { SPACE_MARK, unmarkedBytes } from './whitespace-mark';
import { normalisedWords } from './wordpiece-words';

/**
 * `tokenizer.ggml.model` = `bert`: WordPiece. A word is the longest token that begins it, then the longest that goes on; a word
 * that cannot be spelled so is one unknown token. GGUF marks tokens that begin a word with U+2581, where BERT marks the others with
 * `##`.
 */
export function createWordPiece(metadata: Metadata, vocabulary: Vocabulary): TokenizerModel {
  const lowerCase = booleanAt(metadata, 'tokenizer.ggml.normalizer.lowercase') ?? true;
  const stripAccents = booleanAt(metadata, 'tokenizer.ggml.normalizer.strip_accents') ?? lowerCase;
  const unknownId = required(vocabulary.unknownId, 'unknown');
  const spell = createSpeller(vocabulary);
  return {
    encode(text, _isAfterSpecial, output) {
      for (const word of normalisedWords(text, { lowerCase, stripAccents })) {
        for (const id of spell(SPACE_MARK + word) ?? [unknownId]) output.push(id);
      }
    },
    bytes: (id) => unmarkedBytes(vocabulary.texts[id] ?? ''),
    // `[CLS]` and `[SEP]`, whatever the file says of adding BOS and EOS
    added: { before: required(vocabulary.bosId, 'bos'), behind: required(vocabulary.separatorId, 'seperator') },
    notes: [],
  };
}

function required(id: TokenId | null, name: string): TokenId {
  if (id === null) throw badMetadata(`tokenizer.ggml.${name}_token_id`, 'is missing');
  return id;
}

/** Spells a word by the longest tokens, from left to right; `null` where none goes on. */
function createSpeller({ texts, idOf }: Vocabulary): (word: string) => TokenId[] | null {
  const lengths = lengthsByFirstUnit(texts);
  return (word) => {
    const ids: TokenId[] = [];
    let start = 0;
    while (start < word.length) {
      const fitting = lengths.get(word.charCodeAt(start)) ?? [];
      const length = fitting.find(
        (units) => start + units <= word.length && idOf.has(word.slice(start, start + units)),
      );
      if (length === undefined) return null;
      ids.push(tokenId(idOf.get(word.slice(start, start + length)) ?? -1));
      start += length;
    }
    return ids;
  };
}

/** The lengths of the tokens that begin with each UTF-16 unit, longest first. */
function lengthsByFirstUnit(texts: readonly string[]): ReadonlyMap<number, readonly number[]> {
  const lengths = new Map<number, Set<number>>();
  for (const text of texts) {
    const unit = text.charCodeAt(0);
    const known = lengths.get(unit);
    if (known === undefined) lengths.set(unit, new Set([text.length]));
    else known.add(text.length);
  }
  return new Map([...lengths].map(([unit, known]) => [unit, [...known].sort((a, b) => b - a)]));
}
