import type { GgufFile } from '../gguf/types';
import { decoder } from './decoder';
import type { Network } from './network';

/** Phi 3 and 4: fused QKV and gate with up, long RoPE factors. Its sliding window is not applied, as in llama.cpp. */
export function phi3(file: GgufFile): Network {
  return decoder(file, { pairing: 'halves', fused: true });
}
