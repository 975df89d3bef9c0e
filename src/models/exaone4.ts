import type { GgufFile } from '../gguf/types';
import { decoder, Keys } from './decoder';
import type { Network } from './network';
import { slidingLayers } from './sliding-layers';

/** Layers of the 32B model, the only one with windows; no key tells them, as llama.cpp has it. */
const LAYERS_32B = 64;
/** Three layers with a window, then one that sees all. */
const PATTERN = 4;
const WINDOW = 4096;

/** EXAONE 4: norms behind the blocks and of each head; the 32B model rotates in its layers with a window only. */
export function exaone4(file: GgufFile): Network {
  const keys = new Keys(file);
  const hasWindows = keys.count('block_count') === LAYERS_32B;
  const window = keys.count('attention.sliding_window', WINDOW);
  const slides = slidingLayers(file, PATTERN);
  return decoder(file, {
    pairing: 'halves',
    headNorms: 'each',
    preNorms: false,
    postNorms: { attention: 'post_attention_norm', feedForward: 'post_ffw_norm' },
    window: (layer) => (hasWindows && slides(layer) ? window : null),
    rope: (layer) => (hasWindows && !slides(layer) ? null : 0),
  });
}
