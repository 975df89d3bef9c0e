import type { GgufFile } from '../gguf/types';
import { decoder } from './decoder';
import type { Network } from './network';

/** Qwen 3 with a mixture of experts in every layer. */
export function qwen3moe(file: GgufFile): Network {
  return decoder(file, {
    pairing: 'halves',
    headNorms: 'each',
    experts: { sizeKey: 'expert_feed_forward_length' },
  });
}
