import { GPT2_WORDS } from './gpt2';
import type { PreTokenizer } from './pre-tokenizer';

/** Chameleon: sentinels and image tokens, tabs, double and fourfold spaces, digits and punctuation apart. */
export const chameleon: PreTokenizer = {
  cuts: [
    /<sentinel:[0-9]+>/gu,
    /IMGIMG[A-I]{1,4}Z/gu,
    /[\t\n]| {4}| {2}/gu,
    /\p{N}/gu,
    /[\p{P}!-/:-@[-`{-~]/gu,
    GPT2_WORDS,
  ],
  addBos: true,
};
