import type { TokenId } from '../base/ids';
import { addedTokens } from './added-tokens';
import { BytePairMerger } from './byte-pair-merge';
import { byteNamesOf } from './byte-names';
import { MergeTable } from './merge-table';
import { badMetadata, stringsAt, type Metadata } from './metadata';
import { cutLineEnds } from './pre-tokenizers/line-ends';
import type { TokenizerModel } from './tokenizer-model';
import type { Vocabulary } from './vocabulary';
import { markSpaces, unmarkedBytes } from './whitespace-mark';

/** What sets the members of this family apart. */
interface CharacterBpeRules {
  /** BOS stands before every text, whatever metadata says. */
  readonly alwaysBos: boolean;
  /** A run of line feeds that is a token is that token. */
  readonly wholeLineEnds: boolean;
}

const GEMMA4: CharacterBpeRules = { alwaysBos: true, wholeLineEnds: true };
const SARVAM: CharacterBpeRules = { alwaysBos: false, wholeLineEnds: false };

/** `tokenizer.ggml.pre` of files whose model is `gpt2` in name but that merge characters. */
const RULES_BY_PRE: ReadonlyMap<string, CharacterBpeRules> = new Map([
  ['gemma4', GEMMA4],
  ['granite-embed-multi-311m', GEMMA4],
  ['sarvam-moe', SARVAM],
]);

/** `tokenizer.ggml.model` = `gemma4`. */
export function createGemma4Bpe(metadata: Metadata, vocabulary: Vocabulary): TokenizerModel {
  return createCharacterBpe(metadata, vocabulary, GEMMA4);
}

/** The tokenizer of a pre-tokenizer's name that stands for this family, `null` for another one. */
export function findCharacterBpe(
  pre: string | null,
): ((metadata: Metadata, vocabulary: Vocabulary) => TokenizerModel) | null {
  const rules = RULES_BY_PRE.get(pre ?? '');
  return rules === undefined ? null : (metadata, vocabulary) => createCharacterBpe(metadata, vocabulary, rules);
}

/**
 * Byte-pair encoding in SentencePiece's spelling: merges go over whole lines of characters, spaces marked; a character that is no token
 * is spelled by tokens for its bytes.
 */
function createCharacterBpe(metadata: Metadata, vocabulary: Vocabulary, rules: CharacterBpeRules): TokenizerModel {
  const { idOf, texts, bosId } = vocabulary;
  const table = new MergeTable(vocabulary, stringsAt(metadata, 'tokenizer.ggml.merges'), byteNamesOf);
  const merger = new BytePairMerger(table);
  const added = addedTokens(metadata, vocabulary, rules.alwaysBos);
  if (rules.alwaysBos && bosId === null) throw badMetadata('tokenizer.ggml.bos_token_id', 'is missing');

  function encodeLine(line: string, output: TokenId[]): void {
    const whole = rules.wholeLineEnds && line.startsWith('\n') ? idOf.get(line) : undefined;
    if (whole === undefined) merger.encode(symbolsOf(line, table), output);
    else output.push(whole);
  }

  return {
    encode(text, _isAfterSpecial, output) {
      const lines: string[] = [];
      cutLineEnds(markSpaces(text), lines);
      for (const line of lines) encodeLine(line, output);
    },
    bytes: (id) => unmarkedBytes(texts[id] ?? ''),
    added: rules.alwaysBos ? { ...added, before: bosId } : added,
    notes: [],
  };
}

function symbolsOf(line: string, table: MergeTable): Int32Array {
  const symbols = new Int32Array(line.length);
  let length = 0;
  for (const character of line) {
    symbols[length] = table.symbolOf(character);
    length += 1;
  }
  return symbols.subarray(0, length);
}
