import { architectureKey, getBoolean } from '../gguf/metadata';
import type { GgufFile } from '../gguf/types';
import { decoder } from './decoder';
import { Keys } from './keys';
import type { Network } from './network';

/**
 * Granite 3 and 4: llama with multipliers of the embedding, the scores, the residual and the logits; 0 stands for none.
 * Whether it has RoPE is told by a key that means something else elsewhere, as llama.cpp has it.
 */
export function granite(file: GgufFile): Network {
  const keys = new Keys(file);
  const scale = keys.number('attention.scale', 0);
  const rotates = getBoolean(file.metadata, architectureKey(file.metadata, 'rope.scaling.finetuned'), true);
  return decoder(file, {
    pairing: 'neighbours',
    rope: () => (rotates ? 0 : null),
    multipliers: true,
    ...(scale === 0 ? {} : { scale }),
    network: {
      embeddingScale: keys.number('embedding_scale', 1) || 1,
      residualScale: keys.number('residual_scale', 1) || 1,
      logitScale: 1 / (keys.number('logit_scale', 1) || 1),
    },
  });
}
