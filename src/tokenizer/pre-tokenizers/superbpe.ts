import { cutBeforeDigitGroups } from './digit-groups';
import type { PreTokenizer } from './pre-tokenizer';

/** SuperBPE's words may cross spaces: only numbers are apart, in groups of three from the right. */
export const superbpe: PreTokenizer = { cuts: [/\p{N}+/gu, cutBeforeDigitGroups] };
