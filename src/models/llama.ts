import type { GgufFile } from '../gguf/types';
import { decoder } from './decoder';
import { Keys } from './keys';
import type { Network } from './network';

/** Llama and its kin (Mistral, SmolLM2 …): pre-norm, RoPE on neighbours, grouped-query attention, SwiGLU; Mixtral's experts. */
export function llama(file: GgufFile): Network {
  const hasExperts = new Keys(file).count('expert_count', 0) > 0;
  return decoder(file, {
    pairing: 'neighbours',
    ...(hasExperts ? { experts: { sizeKey: 'feed_forward_length' } } : {}),
  });
}
