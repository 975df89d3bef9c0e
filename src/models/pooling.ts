import { ForgelightError } from '../base/errors';
import { architectureKey, getCount } from '../gguf/metadata';
import type { GgufFile } from '../gguf/types';
import type { Pooling } from '../kernels/pool';

/** `pooling_type` as llama.cpp counts; `null`: there is nothing to pool. */
const POOLINGS: readonly (Pooling | null)[] = [null, 'mean', 'first', 'last'];
const RANKING = 4;

/** How the file's model makes one vector of a text; `null`: it says nothing of it. Throws `unsupported-architecture`. */
export function poolingOf(file: GgufFile): Pooling | null {
  const type = getCount(file.metadata, architectureKey(file.metadata, 'pooling_type'), 0);
  const pooling = POOLINGS[type];
  if (pooling !== undefined) return pooling;
  throw unsupported(type === RANKING ? 'pooling by rank (it compares two texts)' : `pooling of type ${type}`);
}

/** `reason` continues "This model uses". */
export function unsupported(reason: string): ForgelightError {
  return new ForgelightError(
    'unsupported-architecture',
    `This model uses ${reason}, which Forgelight cannot compute yet. Choose another model.`,
  );
}
