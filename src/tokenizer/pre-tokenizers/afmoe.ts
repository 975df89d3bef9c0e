import { DEEPSEEK_WORDS } from './deepseek';
import { cutBehindDigitGroups } from './digit-groups';
import type { PreTokenizer } from './pre-tokenizer';

/** Scripts without spaces between words: Han, Kana, Thai, Lao, Khmer, Burmese, Hangul; and what stands between U+8C48 and U+FAFF. */
const UNSPACED_SCRIPTS =
  /[\u4e00-\u9fff\u3400-\u4dbf\u8c48-\ufaff\u3040-\u30ff\uff65-\uff9f\u2f00-\u2fdf\u0e40-\u0eff\u1780-\u17ff\u1000-\u109f\uaa60-\uaa7f\ua9e0-\ua9ff\uac00-\ud7af\u1100-\u11ff]+/gu;

/** Arcee's AFMoE. */
export const afmoe: PreTokenizer = { cuts: [cutBehindDigitGroups, UNSPACED_SCRIPTS, DEEPSEEK_WORDS] };
