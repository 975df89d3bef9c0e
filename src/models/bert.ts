import type { GgufFile } from '../gguf/types';
import { encoder } from './encoder';
import type { EncoderNetwork } from './encoder-network';

/** BERT and its kin (MiniLM, BGE, GTE, Arctic Embed …): learned positions, GELU in its tanh form, as llama.cpp computes it. */
export function bert(file: GgufFile): EncoderNetwork {
  return encoder(file, { activation: 'gelu', isGated: false, positions: 'learned' });
}
