import type { GgufFile } from '../gguf/types';
import { decoder } from './decoder';
import { Keys } from './keys';
import type { Network } from './network';
import { slidingLayers } from './sliding-layers';

/** Layers of the 27B model, whose scores are scaled by the hidden size and not by the head's. */
const LAYERS_27B = 62;
/** Where no key states it: five layers with a window, then one that sees all. */
const PATTERN = 6;
/** Of the layers with a window, where no key states it; it is never scaled. */
const LOCAL_ROPE_BASE = 10_000;

/** Gemma 3: as Gemma 2 without soft caps, with norms of query and key heads and two RoPE bases. */
export function gemma3(file: GgufFile): Network {
  const keys = new Keys(file);
  const hiddenSize = keys.count('embedding_length');
  const heads = keys.count('attention.head_count');
  const window = keys.count('attention.sliding_window', 0); // 0: none, there are such files
  const localBase = keys.number('rope.freq_base_swa', LOCAL_ROPE_BASE);
  const slides = slidingLayers(file, PATTERN);
  const isLocal = (layer: number): boolean => window > 0 && slides(layer);
  const is27b = keys.count('block_count') === LAYERS_27B;
  const cap = keys.number('final_logit_softcapping', 0);
  return decoder(file, {
    pairing: 'halves',
    activation: 'gelu',
    headNorms: 'each',
    postNorms: { attention: 'post_attention_norm', feedForward: 'post_ffw_norm' },
    window: (layer) => (isLocal(layer) ? window : null),
    rope: (layer) => (isLocal(layer) ? 1 : 0),
    otherRopes: (global) => [{ ...global, base: localBase, scaling: { kind: 'none' } }],
    ...(is27b ? { scale: 1 / Math.sqrt(hiddenSize / heads) } : {}),
    network: { embeddingScale: Math.sqrt(hiddenSize), logitSoftCap: cap === 0 ? null : cap },
  });
}
