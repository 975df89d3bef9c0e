import type { GgufFile } from '../gguf/types';
import { decoder } from './decoder';
import type { Network } from './network';

/** OLMo 2: norms behind the blocks only, and norms over all query heads and all key heads at once. */
export function olmo2(file: GgufFile): Network {
  return decoder(file, {
    pairing: 'halves',
    headNorms: 'whole',
    preNorms: false,
    postNorms: { attention: 'post_attention_norm', feedForward: 'post_ffw_norm' },
  });
}
