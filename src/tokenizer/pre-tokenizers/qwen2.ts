import { cutLineEnds } from './line-ends';
import type { PreTokenizer } from './pre-tokenizer';

const QWEN2_WORDS =
  /'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD]|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\p{White_Space}\p{L}\p{N}]+[\r\n]*|\p{White_Space}*[\r\n]+|\p{White_Space}+(?!\P{White_Space})|\p{White_Space}+/gu;

/** Llama 3's words, but every digit for itself. */
export const qwen2: PreTokenizer = { cuts: [QWEN2_WORDS] };

/** Combining marks belong to words. */
export const qwen35: PreTokenizer = {
  cuts: [
    /'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD]|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\p{White_Space}\p{L}\p{M}\p{N}]+[\r\n]*|\p{White_Space}*[\r\n]+|\p{White_Space}+(?!\P{White_Space})|\p{White_Space}+/gu,
  ],
};

/** No English contractions: an apostrophe leads what follows, as Turkish needs it. */
export const ufakzeka: PreTokenizer = {
  cuts: [
    /[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\p{White_Space}\p{L}\p{N}]+[\r\n]*|\p{White_Space}*[\r\n]+|\p{White_Space}+(?!\P{White_Space})|\p{White_Space}+/gu,
  ],
};

/** Signs do not take line ends with them. */
export const seedCoder: PreTokenizer = {
  cuts: [
    /'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD]|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\p{White_Space}\p{L}\p{N}]+|\p{White_Space}*[\r\n]+|\p{White_Space}+(?!\P{White_Space})|\p{White_Space}+/gu,
  ],
};

/** Line by line. */
export const laguna: PreTokenizer = { cuts: [cutLineEnds, QWEN2_WORDS] };

/** Letters that single spaces join are one word; one slash or line end follows signs. */
export const exaoneMoe: PreTokenizer = {
  cuts: [
    /'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD]|[^\r\n\p{L}\p{N}]?\p{L}[\p{L}\p{M}]*(?: \p{L}[\p{L}\p{M}]*)*|\p{N}| ?[^\p{White_Space}\p{L}\p{N}]+[\r\n/]?|\p{White_Space}*[\r\n]|\p{White_Space}+(?!\P{White_Space})|\p{White_Space}+/gu,
  ],
};
