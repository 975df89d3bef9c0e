import { ForgelightError } from '../../src/base/errors';
import { parseSplitName } from '../../src/gguf/split-name';
import type { ModelEntry, StoreEntry } from '../../src/store/store-list';
import { storedSets, type StoredSet } from '../../src/store/stored-sets';

/** A model of the store, and what it is loaded by. */
export interface NamedModel {
  /**
   * What a request may call it: its file's name (of several the first one's) where only one model has that, else `sha256:…`. Pages hear it, so that
   * it is never an address, which may be a path of this computer or hold a key.
   */
  readonly id: string;
  /** `sha256:…`; of a model that is not whole the first file's address. */
  readonly reference: string;
  /** Hex, lower case: of the file, or of all parts (`splitIdentity`); `null` while some are missing. */
  readonly sha256: string | null;
  readonly sizeBytes: number;
  /** Addresses that it was loaded from. */
  readonly addresses: readonly string[];
  /** Names of files that are not there: without them it cannot be loaded. */
  readonly missing: readonly string[];
}

const HASH = /^(?:sha256:)?([0-9a-f]{6,64})$/i;

/** What is kept, the one used last first; the parts of a split model are one, and none by themselves. */
export async function namedModels(entries: readonly StoreEntry[]): Promise<NamedModel[]> {
  const files = entries
    .filter((entry): entry is ModelEntry => entry.state === 'ok' && parseSplitName(entry.fileName) === null)
    .map((file) => ({ ...file, addresses: file.names, parts: [file], missing: [] }));
  const models = [...files, ...(await storedSets(entries))].toSorted((a, b) => usedAt(b.parts) - usedAt(a.parts));
  return models.map((model) => {
    const { fileName, sha256, addresses, parts, missing } = model;
    const reference = sha256 === null ? (addresses[0] ?? fileName) : `sha256:${sha256}`;
    const sizeBytes = parts.reduce((sum, part) => sum + part.sizeBytes, 0);
    return { id: idOf(model, models), reference, sha256, sizeBytes, addresses, missing };
  });
}

type Known = Pick<StoredSet, 'fileName' | 'sha256'>;

function idOf(model: Known, models: readonly Known[]): string {
  const { fileName, sha256 } = model;
  const alike = models.filter((other) => other.fileName === fileName);
  if (alike.length === 1) return fileName;
  if (sha256 !== null) return `sha256:${sha256}`;
  const index = alike.filter((other) => other.sha256 === null).indexOf(model);
  return `${fileName} (incomplete${index === 0 ? '' : ` ${index + 1}`})`;
}

function usedAt(parts: readonly ModelEntry[]): number {
  return Math.max(...parts.map(({ lastUsedAt }) => lastUsedAt));
}

/** The model that somebody on this computer means: by file name, hash or its beginning, or address. Throws `invalid-request`. */
export function findModel(models: readonly NamedModel[], name: string): NamedModel {
  const prefix = HASH.exec(name)?.[1]?.toLowerCase() ?? null;
  const exact = models.filter(({ id, addresses }) => id === name || addresses.includes(name));
  const found = exact.length > 0 || prefix === null ? exact : models.filter(({ sha256 }) => sha256?.startsWith(prefix));
  const [model] = found;
  if (model !== undefined && found.length === 1) return whole(model);
  const why = found.length === 0 ? 'is not in the store' : `means ${found.length} models`;
  const advice =
    models.length === 0
      ? 'Nothing is: `forgelight pull <model>` fetches one.'
      : `There are: ${models.map(({ id }) => id).join(', ')}. \`forgelight pull <model>\` fetches others.`;
  throw new ForgelightError('invalid-request', `The model "${name}" ${why}. ${advice}`, { param: 'model' });
}

/** Throws `invalid-request` where files of it are missing: nothing is fetched by asking for it. */
function whole(model: NamedModel): NamedModel {
  const { id, missing, reference } = model;
  if (missing.length === 0) return model;
  const message = `The model "${id}" is not whole in the store: ${missing.join(', ')} is missing. \`forgelight pull ${reference}\` fetches it.`;
  throw new ForgelightError('invalid-request', message, { param: 'model' });
}

/**
 * The model that a web page gets which names none. Throws `invalid-request` as `findModel` does, in words without its name and address: somebody
 * on this computer chose them, and the page is not to learn them.
 */
export function findUnnamed(models: readonly NamedModel[], name: string): NamedModel {
  try {
    return findModel(models, name);
  } catch (error) {
    if (!(error instanceof ForgelightError)) throw error;
    const message =
      'The model for requests that name none cannot be loaded. `forgelight list` shows on that computer what is there.';
    throw new ForgelightError('invalid-request', message, { param: 'model' });
  }
}

/** The model that a web page means, which may know hashes, and no names of files: `null` where it is none. What is not whole has none. */
export function findByHash(models: readonly NamedModel[], name: string): NamedModel | null {
  const hash = /^sha256:([0-9a-f]{64})$/i.exec(name)?.[1]?.toLowerCase();
  return models.find(({ sha256 }) => sha256 !== null && sha256 === hash) ?? null;
}
