import type { PreTokenizer } from './pre-tokenizer';

const LLAMA3_WORDS =
  /'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD]|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\p{White_Space}\p{L}\p{N}]+[\r\n]*|\p{White_Space}*[\r\n]+|\p{White_Space}+(?!\P{White_Space})|\p{White_Space}+/gu;

/**
 * Jais 2 cuts white space by powers of two. A run without a line end is looked through for one at its beginning alone: what comes
 * later in the run would be looked through again and again.
 */
const JAIS2_WORDS =
  /'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD]|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\p{White_Space}\p{L}\p{N}]+[\r\n]*|(?<![^\P{White_Space}\r\n])\p{White_Space}*[\r\n]+|\p{White_Space}{512}(?!\P{White_Space})|\p{White_Space}{256}(?!\P{White_Space})|\p{White_Space}{128}(?!\P{White_Space})|\p{White_Space}{64}(?!\P{White_Space})|\p{White_Space}{32}(?!\P{White_Space})|\p{White_Space}{16}(?!\P{White_Space})|\p{White_Space}{8}(?!\P{White_Space})|\p{White_Space}{4}(?!\P{White_Space})|\p{White_Space}{1,2}(?!\P{White_Space})|\p{White_Space}/gu;

/** Llama 3: any sign may lead a word, numbers in groups of three, line ends stay together. */
export const llama3: PreTokenizer = { cuts: [LLAMA3_WORDS], wholeWordsFirst: true, addBos: true };

/** The same words, without Llama 3's other rules. */
export const llama3Words: PreTokenizer = { cuts: [LLAMA3_WORDS] };

export const jais2: PreTokenizer = { cuts: [JAIS2_WORDS] };

/** Digits in threes before all else. */
export const minicpm5: PreTokenizer = { cuts: [/\p{N}{1,3}/gu, LLAMA3_WORDS], wholeWordsFirst: true };
