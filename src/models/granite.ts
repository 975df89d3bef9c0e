import type { GgufFile } from '../gguf/types';
import { decoder, Keys } from './decoder';
import type { Network } from './network';

/** Granite 3: llama with multipliers of the embedding, the scores, the residual and the logits. */
export function granite(file: GgufFile): Network {
  const keys = new Keys(file);
  const scale = keys.number('attention.scale', 0);
  return decoder(file, {
    pairing: 'neighbours',
    multipliers: true,
    ...(scale === 0 ? {} : { scale }),
    network: {
      embeddingScale: keys.number('embedding_scale', 1),
      residualScale: keys.number('residual_scale', 1),
      logitScale: 1 / keys.number('logit_scale', 1),
    },
  });
}
