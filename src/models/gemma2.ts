import type { GgufFile } from '../gguf/types';
import { decoder } from './decoder';
import { Keys } from './keys';
import type { Network } from './network';
import { slidingLayers } from './sliding-layers';

/** Layers of the 27B model, whose scores are scaled by the hidden size and not by the head's. */
const LAYERS_27B = 46;
/** Every other layer sees all. */
const PATTERN = 2;

/** Gemma 2: norms before and behind each block, soft caps, every other layer with a sliding window, GeGLU. */
export function gemma2(file: GgufFile): Network {
  const keys = new Keys(file);
  const hiddenSize = keys.count('embedding_length');
  const heads = keys.count('attention.head_count');
  const window = keys.count('attention.sliding_window', 4096);
  const slides = slidingLayers(file, PATTERN);
  const is27b = keys.count('block_count') === LAYERS_27B;
  return decoder(file, {
    pairing: 'halves',
    activation: 'gelu',
    postNorms: { attention: 'post_attention_norm', feedForward: 'post_ffw_norm' },
    window: (layer) => (slides(layer) ? window : null),
    ...(is27b ? { scale: 1 / Math.sqrt(hiddenSize / heads) } : {}),
    softCap: keys.number('attn_logit_softcapping', 50),
    network: { embeddingScale: Math.sqrt(hiddenSize), logitSoftCap: keys.number('final_logit_softcapping', 30) },
  });
}
