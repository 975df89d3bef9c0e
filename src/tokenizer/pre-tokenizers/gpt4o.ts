import { cutBehindDigitGroups } from './digit-groups';
import type { PreTokenizer } from './pre-tokenizer';

const CONTRACTION = String.raw`'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD]`;
const LEAD = String.raw`[^\r\n\p{L}\p{N}]?`;
const REST = String.raw` ?[^\p{White_Space}\p{L}\p{N}]+[\r\n\/]*|\p{White_Space}*[\r\n]+|\p{White_Space}+(?!\P{White_Space})|\p{White_Space}+`;

/**
 * Words that turn from upper to lower case once: `HelloWorld` is two. As in llama.cpp, case is that of ASCII letters; others count as
 * both.
 */
function casedWords(letters: string, options: { readonly suffix: string; readonly numbers: string }): RegExp {
  const upper = `[${letters}--[a-z]]`;
  const lower = `[${letters}--[A-Z]]`;
  const words = `${LEAD}${upper}*${lower}+${options.suffix}|${LEAD}${upper}+${lower}*${options.suffix}`;
  return new RegExp(`${words}|${options.numbers}|${REST}`, 'gv');
}

const LETTERS = String.raw`\p{L}`;
const LETTERS_AND_MARKS = String.raw`[\p{L}\p{M}]`;
const SUFFIX = `(?:${CONTRACTION})?`;
const THREE_DIGITS = String.raw`\p{N}{1,3}`;
const ONE_DIGIT = String.raw`\p{N}`;

/** GPT-4o, gpt-oss, Llama 4. */
export const gpt4o: PreTokenizer = { cuts: [casedWords(LETTERS, { suffix: SUFFIX, numbers: THREE_DIGITS })] };

/** Mistral's Tekken: no contractions, every digit for itself. */
export const tekken: PreTokenizer = {
  cuts: [casedWords(LETTERS, { suffix: '', numbers: ONE_DIGIT })],
  wholeWordsFirst: true,
  addBos: true,
};

export const graniteEmbedding: PreTokenizer = {
  cuts: [casedWords(LETTERS_AND_MARKS, { suffix: SUFFIX, numbers: THREE_DIGITS })],
  wholeWordsFirst: true,
};

/** Letters and marks, whatever their case: llama.cpp reads the categories of case as those of all letters. */
function caselessWords(numbers: string): RegExp {
  return new RegExp(`${LEAD}${LETTERS_AND_MARKS}+${SUFFIX}|${numbers}|${REST}`, 'gv');
}

export const tinyAya: PreTokenizer = { cuts: [cutBehindDigitGroups, caselessWords(THREE_DIGITS)] };

/** Korean, Chinese punctuation, Bopomofo, Chinese and Japanese apart; then words with their contractions. */
export const youtu: PreTokenizer = {
  cuts: [
    /[\uac00-\ud7a3\u3131-\u318e]+|[\uff01\u2026\u201c\u201d\u2018\u2019\u2014\uff1a\uff1b\uff0c\u3001-\u303f\ufe30-\ufe4f]+|[\u3105-\u312f]+|[\u4e00-\u9fa5\u3040-\u30ff]+/gu,
    caselessWords(ONE_DIGIT),
  ],
  wholeWordsFirst: true,
};
