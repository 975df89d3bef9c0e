import { architectureKey, getBooleans, getCount } from '../gguf/metadata';
import type { GgufFile } from '../gguf/types';

/**
 * Which layers see their window only: a flag a layer where the file has them, else all but every `step`-th, the file's
 * step or the architecture's own. 0: all. As llama.cpp reads `attention.sliding_window_pattern`.
 */
export function slidingLayers(file: GgufFile, step: number): (layer: number) => boolean {
  const key = architectureKey(file.metadata, 'attention.sliding_window_pattern');
  if (Array.isArray(file.metadata.get(key))) {
    const flags = getBooleans(file.metadata, key);
    return (layer) => flags[layer] === true;
  }
  const every = getCount(file.metadata, key, step);
  return (layer) => every === 0 || layer % every !== every - 1;
}
