import type { PreTokenizer } from './pre-tokenizer';

const LLAMA3_WORDS =
  /'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD]|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\p{White_Space}\p{L}\p{N}]+[\r\n]*|\p{White_Space}*[\r\n]+|\p{White_Space}+(?!\P{White_Space})|\p{White_Space}+/gu;

/** Llama 3: any sign may lead a word, numbers in groups of three, line ends stay together. */
export const llama3: PreTokenizer = { patterns: [LLAMA3_WORDS], wholeWordsFirst: true, addBos: true };

/** The same words, without Llama 3's other rules. */
export const llama3Words: PreTokenizer = { patterns: [LLAMA3_WORDS] };
