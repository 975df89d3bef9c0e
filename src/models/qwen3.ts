import type { GgufFile } from '../gguf/types';
import { decoder } from './decoder';
import type { Network } from './network';

/** Qwen 3: RoPE on halves, a norm of each query and key head. */
export function qwen3(file: GgufFile): Network {
  return decoder(file, { pairing: 'halves', headNorms: 'each' });
}
