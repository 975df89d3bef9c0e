import type { GgufFile } from '../gguf/types';
import { decoder } from './decoder';
import type { Network } from './network';

/** Qwen 2 and 2.5: RoPE on halves, biases of queries, keys and values (read where the file has them). */
export function qwen2(file: GgufFile): Network {
  return decoder(file, { pairing: 'halves' });
}
