import type { ModelEntry, PartialEntry, StoreEntry } from './store-list';
import { allSets, leaving, type StoredSet } from './stored-sets';

/**
 * A model as people know it: a file, an unfinished download, or all files of a split model, told as one entry. Its `sha256` is what
 * `delete`, `export`, `repair` and `sha256:` take; where a file of it is missing it is `partial`, and its address leads to all.
 */
export type StoredModel = (ModelEntry | PartialEntry) & {
  /** What it is made of; of a split model that is not whole those that no other model has. */
  readonly files: readonly StoreEntry[];
};

/** What a store lists, a model each; a split model stands where the first of its files was listed. */
export async function storedModels(entries: readonly StoreEntry[]): Promise<readonly StoredModel[]> {
  const sets = await allSets(entries);
  const told = new Set<StoredSet>();
  return entries.flatMap((entry) => {
    const within = sets.filter((set) => isOf(entry, set));
    if (within.length === 0) return [{ ...entry, files: [entry] }];
    const news = within.filter((set) => !told.has(set));
    for (const set of news) told.add(set);
    return news.map((set) => (set.sha256 === null ? begun(set, entries, sets) : whole(set, set.sha256)));
  });
}

function isOf(entry: StoreEntry, { parts, addresses }: StoredSet): boolean {
  return entry.state === 'partial' ? addresses.includes(entry.address) : parts.includes(entry);
}

function whole({ fileName, addresses, parts }: StoredSet, sha256: string): StoredModel {
  const damaged = parts.filter(({ state }) => state === 'corrupt');
  const reasons = damaged.map((part) => `${part.fileName}: ${part.reason ?? ''}`);
  return {
    state: damaged.length === 0 ? 'ok' : 'corrupt',
    ...{ sha256, fileName, sizeBytes: parts.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) },
    names: addresses,
    createdAt: Math.min(...parts.map(({ createdAt }) => createdAt)),
    lastUsedAt: Math.max(...parts.map(({ lastUsedAt }) => lastUsedAt)),
    reason: reasons.length === 0 ? null : reasons.join(' '),
    files: parts,
  };
}

function begun(set: StoredSet, entries: readonly StoreEntry[], sets: readonly StoredSet[]): StoredModel {
  const { fileName, addresses, parts } = set;
  const downloads = entries.filter((entry) => entry.state === 'partial').filter((entry) => isOf(entry, set));
  const receivedBytes =
    parts.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) +
    downloads.reduce((sum, download) => sum + download.receivedBytes, 0);
  const files = [...leaving([set], sets).own, ...downloads];
  return {
    ...{ state: 'partial', address: addresses[0] ?? '', fileName, receivedBytes, sizeBytes: null },
    // Going on fetches a damaged part anew.
    ...{ reason: null, files },
  };
}
