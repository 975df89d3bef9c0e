import type { ModelSource } from './source';

/** Loads again, from the next address, as long as the source has one in place of that whose file turned out at its end to be another one. */
export async function overMirrors<T>(source: ModelSource, load: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await load();
    } catch (error) {
      if (source.passOver?.(error) !== true) throw error;
    }
  }
}
