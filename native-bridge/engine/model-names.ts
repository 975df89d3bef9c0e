import { ForgelightError } from '../../src/base/errors';
import { parseSplitName } from '../../src/gguf/split-name';
import type { ModelEntry, StoreEntry } from '../../src/store/store-list';

/** A model of the store, and what it is loaded by. */
export interface NamedModel {
  /** What a request may call it: its file's name where only one has that, else `sha256:…`. */
  readonly id: string;
  /** `sha256:…`, or of a split model its first part's address. */
  readonly reference: string;
  /** Hex, lower case; `null` for a split model, whose parts have one each. */
  readonly sha256: string | null;
  readonly sizeBytes: number;
  /** Addresses that it was loaded from. */
  readonly addresses: readonly string[];
}

const HASH = /^(?:sha256:)?([0-9a-f]{6,64})$/i;

/** What can be loaded, the one used last first; of a split model its first part stands for all. */
export function namedModels(entries: readonly StoreEntry[]): NamedModel[] {
  const sound = entries.filter((entry): entry is ModelEntry => entry.state === 'ok');
  return sound
    .toSorted((a, b) => b.lastUsedAt - a.lastUsedAt)
    .flatMap((entry) => {
      const split = parseSplitName(entry.fileName);
      if (split !== null && split.part > 1) return [];
      const [address] = entry.names;
      const isSplit = split !== null && address !== undefined;
      const isAlone = sound.filter(({ fileName }) => fileName === entry.fileName).length === 1;
      return [
        {
          id: isAlone ? entry.fileName : `sha256:${entry.sha256}`,
          reference: isSplit ? address : `sha256:${entry.sha256}`,
          sha256: isSplit ? null : entry.sha256,
          sizeBytes: entry.sizeBytes,
          addresses: entry.names,
        },
      ];
    });
}

/** The model that somebody on this computer means: by file name, hash or its beginning, or address. Throws `invalid-request`. */
export function findModel(models: readonly NamedModel[], name: string): NamedModel {
  const prefix = HASH.exec(name)?.[1]?.toLowerCase() ?? null;
  const exact = models.filter(({ id, addresses }) => id === name || addresses.includes(name));
  const found = exact.length > 0 || prefix === null ? exact : models.filter(({ sha256 }) => sha256?.startsWith(prefix));
  const [model] = found;
  if (model !== undefined && found.length === 1) return model;
  const why = found.length === 0 ? 'is not in the store' : `means ${found.length} models`;
  const advice =
    models.length === 0
      ? 'Nothing is: `forgelight pull <model>` fetches one.'
      : `There are: ${models.map(({ id }) => id).join(', ')}. \`forgelight pull <model>\` fetches others.`;
  throw new ForgelightError('invalid-request', `The model "${name}" ${why}. ${advice}`, { param: 'model' });
}

/** The model that a web page means, which may know hashes, and no names of files: `null` where it is none. */
export function findByHash(models: readonly NamedModel[], name: string): NamedModel | null {
  const hash = /^sha256:([0-9a-f]{64})$/i.exec(name)?.[1]?.toLowerCase();
  return models.find(({ sha256 }) => sha256 !== null && sha256 === hash) ?? null;
}
