import { GPT2_WORDS } from './gpt2';
import type { PreTokenizer } from './pre-tokenizer';

/** Punctuation first, then GPT-2's words, ASCII digits in groups of three. */
export const falcon: PreTokenizer = { cuts: [/[\p{P}$+<=>^~|`]+/gu, GPT2_WORDS, /[0-9][0-9][0-9]/gu] };
