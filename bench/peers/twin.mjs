// The ONNX twin of the default model, for transformers.js, which reads no GGUF: the same weights, quantised to 4 bits by others.
import { mkdir, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { reasonOf } from '../../scripts/lib/command.mjs';
import { download, fileSize } from '../../scripts/lib/download.mjs';

const FOLDER = join(import.meta.dirname, 'twin/SmolLM2-135M-Instruct');
const HUB = 'https://huggingface.co/HuggingFaceTB/SmolLM2-135M-Instruct/resolve/main';
const FILES = ['config.json', 'generation_config.json', 'onnx/model_q4.onnx'];

/**
 * Gets the twin into `bench/peers/twin`, unless it is there: `make_twin.py` makes one from the GGUF.
 * @param {AbortSignal} signal
 * @returns {Promise<string | null>} why it cannot be had; null when it is there
 */
export async function ensureTwin(signal) {
  try {
    for (const name of FILES) {
      const path = join(FOLDER, name);
      if ((await fileSize(path)) > 0) continue;
      await mkdir(dirname(path), { recursive: true });
      // It has its name when all of it is there.
      await download(`${HUB}/${name}`, `${path}.part`, { signal, retries: 1 });
      await rename(`${path}.part`, path);
    }
    return null;
  } catch (error) {
    signal.throwIfAborted();
    return `its ONNX twin of the model cannot be had here (${reasonOf(error)}); bench/peers/make_twin.py makes one`;
  }
}
