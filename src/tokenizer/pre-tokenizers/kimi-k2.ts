import type { PreTokenizer } from './pre-tokenizer';

/** Blocks of Chinese characters, unassigned code points included. */
const HAN = String.raw`\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\u{20000}-\u{2a6df}\u{2a700}-\u{2b73f}\u{2b740}-\u{2ebef}\u{2f800}-\u{2fa1f}`;

/** Chinese characters apart from words, which keep their contractions. */
export const kimiK2: PreTokenizer = {
  cuts: [
    new RegExp(
      String.raw`[${HAN}]+|[^\r\n\p{L}\p{N}${HAN}]?[\p{L}--[${HAN}]]+(?:'[sStTmMdD]|'[rR][eE]|'[vV][eE]|'[lL][lL])?|\p{N}{1,3}| ?[^\p{White_Space}\p{L}\p{N}]+[\r\n]*|\p{White_Space}*[\r\n]+|\p{White_Space}+(?!\P{White_Space})|\p{White_Space}+`,
      'gv',
    ),
  ],
};
