import { GPT2_WORDS } from './gpt2';
import type { PreTokenizer } from './pre-tokenizer';

/** What llama.cpp does for files that name no pre-tokenizer: punctuation first, numbers apart and in groups of three. */
export const defaultPreTokenizer: PreTokenizer = {
  cuts: [/[\p{P}$+<=>^~|]+/gu, GPT2_WORDS, /\p{N}+/gu, /[0-9][0-9][0-9]/gu],
};
