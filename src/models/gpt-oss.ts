import type { GgufFile } from '../gguf/types';
import { decoder } from './decoder';
import { Keys } from './keys';
import type { Network } from './network';
import { slidingLayers } from './sliding-layers';

/** Every other layer sees all, where no key states it. */
const PATTERN = 2;

/**
 * gpt-oss: attention sinks, every other layer with a sliding window, biases everywhere, experts with a gated unit of their
 * own. The norm behind attention is the norm before the experts. Windows rotate as the other layers, unless a key says
 * otherwise.
 */
export function gptOss(file: GgufFile): Network {
  const keys = new Keys(file);
  const window = keys.positive('attention.sliding_window');
  const slides = slidingLayers(file, PATTERN);
  const windowBase = keys.has('rope.freq_base_swa') ? keys.number('rope.freq_base_swa') : null;
  return decoder(file, {
    pairing: 'halves',
    feedForwardNorm: 'post_attention_norm',
    sinks: true,
    outputBias: true,
    experts: { sizeKey: 'expert_feed_forward_length', biases: true, activation: 'swiglu-oai' },
    window: (layer) => (slides(layer) ? window : null),
    ...(windowBase === null
      ? {}
      : { rope: (layer) => (slides(layer) ? 1 : 0), otherRopes: (first) => [{ ...first, base: windowBase }] }),
  });
}
