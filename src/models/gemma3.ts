import type { GgufFile } from '../gguf/types';
import { decoder, Keys } from './decoder';
import type { Network } from './network';

/** Layers of the 27B model, whose scores are scaled by the hidden size and not by the head's. */
const LAYERS_27B = 62;
/** No key states it: five layers with a window, then one that sees all. */
const PATTERN = 6;
/** Of the layers with a window; no key states it either, and it is never scaled. */
const LOCAL_ROPE_BASE = 10_000;

/** Gemma 3: as Gemma 2 without soft caps, with norms of query and key heads and two RoPE bases. */
export function gemma3(file: GgufFile): Network {
  const keys = new Keys(file);
  const hiddenSize = keys.count('embedding_length');
  const heads = keys.count('attention.head_count');
  const window = keys.count('attention.sliding_window');
  const isGlobal = (layer: number): boolean => layer % PATTERN === PATTERN - 1;
  const is27b = keys.count('block_count') === LAYERS_27B;
  const cap = keys.number('final_logit_softcapping', 0);
  return decoder(file, {
    pairing: 'halves',
    activation: 'gelu',
    headNorms: 'each',
    postNorms: { attention: 'post_attention_norm', feedForward: 'post_ffw_norm' },
    window: (layer) => (isGlobal(layer) ? null : window),
    rope: (layer) => (isGlobal(layer) ? 0 : 1),
    otherRopes: (global) => [{ ...global, base: LOCAL_ROPE_BASE, scaling: { kind: 'none' } }],
    ...(is27b ? { scale: 1 / Math.sqrt(hiddenSize / heads) } : {}),
    network: { embeddingScale: Math.sqrt(hiddenSize), logitSoftCap: cap === 0 ? null : cap },
  });
}
