import { unreachable } from '../../src/base/assert';
import { formatBytes } from '../../src/base/units';
import type { ModelEntry, StoreEntry } from '../../src/store/store-list';
import { allSets, type StoredSet } from '../../src/store/stored-sets';
import { printable } from '../server/log-format';
import type { CommandInput } from './run-cli';

const SHOWN_DIGITS = 12;
const HEAD = ['HASH', 'SIZE', 'LAST USED', 'STATE', 'FILE'];

/** What a hash stands for: a file, or a split model with its files, whole or not. */
interface Shown {
  readonly usedAt: number;
  /** Of each line the cells; the first is what it is, the files of a split model are below it. */
  readonly rows: readonly (readonly string[])[];
}

/** A line for each model, the one used last first. */
export async function list({ models, host, options }: CommandInput): Promise<void> {
  const entries = (await models.store.list()).toSorted((a, b) => usedAt(b) - usedAt(a));
  const sets = await allSets(entries);
  if (options['json'] === true) {
    return host.out(
      `${JSON.stringify(
        entries.map((entry) => withSets(entry, sets)),
        null,
        2,
      )}\n`,
    );
  }
  if (entries.length === 0) return host.out(`No models in ${models.folder}. Get one: forgelight pull <model>\n`);
  const shown = [
    ...entries.filter((entry) => setsWith(entry, sets).length === 0).map(showFile),
    ...sets.map((set) => showSet(set, entries)),
  ].toSorted((a, b) => b.usedAt - a.usedAt);
  // Also for pipes: a name with a line feed would be another row. With `--json` it is told as it is.
  const rows = [HEAD, ...shown.flatMap(({ rows: lines }) => lines.map((cells) => cells.map(printable)))];
  const widths = HEAD.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const lineOf = (row: readonly string[]): string => row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join('  ');
  host.out(rows.map((row) => `${lineOf(row).trimEnd()}\n`).join(''));
}

/** The split models that it is a part of, or the beginning of one. */
function setsWith(entry: StoreEntry, sets: readonly StoredSet[]): readonly StoredSet[] {
  return sets.filter(({ parts, addresses }) =>
    entry.state === 'partial' ? addresses.includes(entry.address) : parts.includes(entry),
  );
}

/** For programs: `partOf` names the models that a file is a part of, by the hash that other commands take; `null` where files are missing. */
function withSets(
  entry: StoreEntry,
  sets: readonly StoredSet[],
): StoreEntry & { readonly partOf?: readonly unknown[] } {
  const partOf = setsWith(entry, sets).map(({ sha256, fileName }) => ({ sha256, fileName }));
  return partOf.length === 0 ? entry : { ...entry, partOf };
}

function showFile(entry: StoreEntry): Shown {
  return { usedAt: usedAt(entry), rows: [rowOf(entry)] };
}

function showSet(set: StoredSet, entries: readonly StoreEntry[]): Shown {
  const { sha256, fileName, parts, missing } = set;
  const begun = entries.filter((entry) => entry.state === 'partial' && set.addresses.includes(entry.address));
  const lastUsedAt = Math.max(...parts.map(usedAt));
  const below = [...parts, ...begun]
    .map(rowOf)
    .map(([hash = '', size = '', used = '', state = '', file = '']) => [`  ${hash}`, size, used, state, `  ${file}`]);
  const bytes = formatBytes(parts.reduce((sum, part) => sum + part.sizeBytes, 0));
  const files = `${fileName}, ${parts.length + missing.length} files`;
  const head = [sha256?.slice(0, SHOWN_DIGITS) ?? '-', bytes, dayOf(lastUsedAt), stateOf(parts, missing), files];
  return { usedAt: lastUsedAt, rows: [head, ...below] };
}

function stateOf(parts: readonly ModelEntry[], missing: readonly string[]): string {
  const damaged = parts.filter(({ state }) => state === 'corrupt').map(({ fileName }) => fileName);
  if (missing.length > 0) return `${missing.join(', ')} ${missing.length === 1 ? 'is' : 'are'} missing`;
  return damaged.length > 0 ? `corrupt: ${damaged.join(', ')}` : 'ok';
}

function rowOf(entry: StoreEntry): string[] {
  switch (entry.state) {
    case 'partial': {
      const { receivedBytes, sizeBytes, address, reason } = entry;
      const of = sizeBytes === null ? '' : ` of ${formatBytes(sizeBytes)}`;
      const state = reason === null ? 'unfinished' : `damaged: ${reason}`;
      return ['-', `${formatBytes(receivedBytes)}${of}`, '-', state, address];
    }
    case 'ok':
    case 'corrupt': {
      const { sha256, sizeBytes, lastUsedAt, state, reason, fileName } = entry;
      const told = reason === null ? state : `${state}: ${reason}`;
      return [sha256.slice(0, SHOWN_DIGITS), formatBytes(sizeBytes), dayOf(lastUsedAt), told, fileName];
    }
    default:
      return unreachable(entry);
  }
}

function dayOf(timeMs: number): string {
  return new Date(timeMs).toISOString().slice(0, 10);
}

function usedAt(entry: StoreEntry): number {
  return 'lastUsedAt' in entry ? entry.lastUsedAt : 0;
}
