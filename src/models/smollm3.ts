import type { GgufFile } from '../gguf/types';
import { decoder } from './decoder';
import type { Network } from './network';

/** Every fourth layer has no rotation; no key states it. */
const NO_ROPE_STEP = 4;

/** SmolLM 3: llama with layers without RoPE. */
export function smollm3(file: GgufFile): Network {
  return decoder(file, {
    pairing: 'neighbours',
    rope: (layer) => ((layer + 1) % NO_ROPE_STEP === 0 ? null : 0),
  });
}
