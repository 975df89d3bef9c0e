import type { GgufFile } from '../gguf/types';
import { encoder } from './encoder';
import type { EncoderNetwork } from './encoder-network';

/** Nomic Embed Text 1 and 1.5: BERT with RoPE and a gated feed-forward. */
export function nomicBert(file: GgufFile): EncoderNetwork {
  return encoder(file, { activation: 'silu', isGated: true, positions: 'rotary' });
}
