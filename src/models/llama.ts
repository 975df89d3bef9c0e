import type { GgufFile } from '../gguf/types';
import { decoder } from './decoder';
import type { Network } from './network';

/** Llama and its kin (Mistral, SmolLM2 …): pre-norm, RoPE on neighbours, grouped-query attention, SwiGLU. */
export function llama(file: GgufFile): Network {
  return decoder(file, { pairing: 'neighbours' });
}
