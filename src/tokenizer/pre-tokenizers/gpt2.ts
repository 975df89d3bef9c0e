import type { PreTokenizer } from './pre-tokenizer';

/** GPT-2's words: contractions, letters, digits or other signs with a space before them, then white space. */
export const GPT2_WORDS =
  /'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\p{White_Space}\p{L}\p{N}]+|\p{White_Space}+(?!\P{White_Space})|\p{White_Space}+/gu;

export const gpt2: PreTokenizer = { cuts: [GPT2_WORDS] };
