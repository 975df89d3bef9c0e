import { wholeName } from '../gguf/split-name';
import type { ModelStore } from './model-store';
import type { ModelSource } from './source';
import { splitSource } from './split-source';
import { allSets } from './stored-sets';
import type { StoredSource } from './stored-source';

/** What a store has under a hash: a file, or a set of parts. The same one when it is opened again. `held` gets each file, to close it. */
export function storedModel(
  store: Pick<ModelStore, 'list' | 'stored'>,
  sha256: string,
  held: (file: StoredSource) => StoredSource,
): ModelSource {
  const file = held(store.stored(sha256));
  let set: ModelSource | null = null;
  return {
    label: file.label,
    async open(signal) {
      set ??= await setOf(store, sha256, held);
      return (set ?? file).open(signal);
    },
  };
}

async function setOf(
  store: Pick<ModelStore, 'list' | 'stored'>,
  sha256: string,
  held: (file: StoredSource) => StoredSource,
): Promise<ModelSource | null> {
  const found = (await allSets(await store.list())).find((set) => set.sha256 === sha256);
  if (found === undefined) return null;
  const { fileName, parts } = found;
  return splitSource({
    label: `sha256:${sha256}`,
    fileName: wholeName(fileName),
    parts: parts.map((part) => held(store.stored(part.sha256))),
  });
}
