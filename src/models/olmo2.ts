import type { GgufFile } from '../gguf/types';
import { decoder } from './decoder';
import { Keys } from './keys';
import type { Network } from './network';
import { slidingLayers } from './sliding-layers';

/** Of OLMo 3: three layers with a window, then one that sees all. */
const PATTERN = 4;

/**
 * OLMo 2 and 3: norms behind the blocks only, and norms over all query heads and all key heads at once. OLMo 3 is OLMo 2
 * with windows; RoPE is scaled in the layers that see all only.
 */
export function olmo2(file: GgufFile): Network {
  const window = new Keys(file).count('attention.sliding_window', 0);
  const slides = slidingLayers(file, PATTERN);
  const isLocal = (layer: number): boolean => window > 0 && slides(layer);
  return decoder(file, {
    pairing: 'halves',
    headNorms: 'whole',
    preNorms: false,
    postNorms: { attention: 'post_attention_norm', feedForward: 'post_ffw_norm' },
    window: (layer) => (isLocal(layer) ? window : null),
    rope: (layer) => (isLocal(layer) ? 1 : 0),
    otherRopes: (global) => (window > 0 ? [{ ...global, scaling: { kind: 'none' } }] : []),
  });
}
