import { ForgelightError } from '../base/errors';
import { formatBytes } from '../base/units';
import { readPartJournal, type PartJournal } from './model-record';
import type { StoreDeps } from './store-deps';
import { lostPart } from './store-names';

/** What the store holds, as a page shows it. Times are milliseconds since 1970. */
export type StoreEntry = ModelEntry | PartialEntry;

export interface ModelEntry {
  /** `corrupt`: not given out any more; `reason` says why, and loading it again or `repair` fetches it anew. */
  readonly state: 'ok' | 'corrupt';
  readonly sha256: string;
  readonly fileName: string;
  readonly sizeBytes: number;
  /** Addresses that it was loaded from. */
  readonly names: readonly string[];
  readonly createdAt: number;
  readonly lastUsedAt: number;
  /** `null` for a sound one. */
  readonly reason: string | null;
}

/** An unfinished download. */
export interface PartialEntry {
  readonly state: 'partial';
  /** What `discard` takes: the address, or where a damaged journal has lost that, `part:` and its key. */
  readonly address: string;
  readonly fileName: string;
  /** Bytes that need not be fetched again. */
  readonly receivedBytes: number;
  /** `null` where the server did not say. */
  readonly sizeBytes: number | null;
  /** Why nothing of it can be used; `null` where it can be gone on with. */
  readonly reason: string | null;
}

export async function listModels({ entries }: StoreDeps): Promise<ModelEntry[]> {
  const found: ModelEntry[] = [];
  for (const sha256 of await entries.hashes()) {
    const model = await entries.read(sha256);
    if (model.state === 'absent') continue;
    if (model.state === 'ok') await model.file.close();
    const reason = model.state === 'ok' ? null : model.reason;
    const unknown = { fileName: 'model.gguf', sizeBytes: 0, names: [], createdAt: 0, lastUsedAt: 0 };
    const { fileName, sizeBytes, names, createdAt, lastUsedAt } = model.record ?? unknown;
    found.push({ state: model.state, sha256, fileName, sizeBytes, names, createdAt, lastUsedAt, reason });
  }
  return found;
}

export async function listPartials({ ports: { records }, entries }: StoreDeps): Promise<PartialEntry[]> {
  const found: PartialEntry[] = [];
  for (const key of await records.keys('parts')) {
    const read = readPartJournal(await records.get('parts', key));
    if (read.state === 'absent') continue;
    if (read.state === 'invalid') {
      const { reason } = read;
      const unknown = { fileName: 'model.gguf', receivedBytes: 0, sizeBytes: null };
      found.push({ state: 'partial', address: lostPart(key), ...unknown, reason });
      continue;
    }
    if (await isWhole(entries, read.record)) continue;
    const { address, fileName, durableBytes: receivedBytes, identity } = read.record;
    found.push({ state: 'partial', address, fileName, receivedBytes, sizeBytes: identity.sizeBytes, reason: null });
  }
  return found;
}

/** The download is done, only its end is missing. */
export async function isWhole(
  entries: StoreDeps['entries'],
  { address, durableSha256 }: PartJournal,
): Promise<boolean> {
  const model = await entries.read(durableSha256);
  if (model.state !== 'ok') return false;
  await model.file.close();
  return model.record.names.includes(address);
}

/** Who could go so that there is room for `missingBytes`: damaged ones first, then those that were not used for longest. */
export async function couldGo(deps: StoreDeps, missingBytes: number): Promise<ModelEntry[]> {
  const ordered = (await listModels(deps)).toSorted(
    (a, b) => Number(b.state === 'corrupt') - Number(a.state === 'corrupt') || a.lastUsedAt - b.lastUsedAt,
  );
  let freedBytes = 0;
  return ordered.filter(({ sizeBytes }) => {
    if (freedBytes >= missingBytes) return false;
    freedBytes += sizeBytes;
    return true;
  });
}

/** There is no room for a model. Nothing is removed: that is the user's to choose. */
export async function quotaError(
  deps: StoreDeps,
  fileName: string,
  missingBytes: number | null,
  cause: unknown,
): Promise<ForgelightError> {
  const rest = missingBytes === null ? '' : `: ${formatBytes(missingBytes)} more are needed`;
  const names = await namesOf(deps, missingBytes ?? Number.POSITIVE_INFINITY);
  const advice = names === '' ? 'Free some disk space' : `Delete what is not used any more (${names})`;
  const message = `There is no room to keep ${fileName}${rest}. ${advice}, then load it again: what was received is kept. ${deps.otherwise}`;
  return new ForgelightError('quota-exceeded', message, { cause });
}

/** What is said of a model that runs, and was not kept. */
export async function unkeptNote(deps: StoreDeps, fileName: string, missingBytes: number | null): Promise<string> {
  const rest = missingBytes === null ? '' : ` (${formatBytes(missingBytes)} more are needed)`;
  const names = await namesOf(deps, missingBytes ?? Number.POSITIVE_INFINITY);
  const advice = names === '' ? 'Free some disk space' : `Delete what is not used any more (${names})`;
  return `There is no room to keep ${fileName}${rest}, so it will be downloaded again next time. ${advice} to keep it.`;
}

/** Where even that cannot be told, the error is the same, only without names. */
async function namesOf(deps: StoreDeps, missingBytes: number): Promise<string> {
  try {
    const removable = await couldGo(deps, missingBytes);
    return removable.map((entry) => `${entry.fileName} (${formatBytes(entry.sizeBytes)})`).join(', ');
  } catch (error) {
    deps.report(error);
    return '';
  }
}
