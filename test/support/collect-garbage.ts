import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');

/** Collects what nobody holds. Registries are told in tasks of their own, later. */
export const collectGarbage = runInNewContext('gc') as () => void;

/** What is to be found now has been found, and who waits for that was told. */
export async function garbageCollected(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) {
    await new Promise((resolve) => setImmediate(resolve));
    collectGarbage();
  }
}
