import { GPT2_WORDS } from './gpt2';
import type { PreTokenizer } from './pre-tokenizer';

/** Every digit for itself, then GPT-2's words: SmolLM, StarCoder and their like. */
export const smollm: PreTokenizer = { cuts: [/\p{N}/gu, GPT2_WORDS] };
