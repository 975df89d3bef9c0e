import type { PreTokenizer } from './pre-tokenizer';

/** Words end at white space and at sentence marks of several scripts. */
const WORDS = / ?[^(\p{White_Space}|.,!?\u2026\u3002\uff0c\u3001\u0964\u06d4\u060c)]+/gu;

/** Poro, Bloom and GPT-3 Finnish. */
export const poro: PreTokenizer = { cuts: [WORDS] };

/** And every digit for itself. */
export const viking: PreTokenizer = { cuts: [WORDS, /\p{N}/gu] };
