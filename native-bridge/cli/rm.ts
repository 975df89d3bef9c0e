import { ForgelightError } from '../../src/base/errors';
import type { StoreEntry } from '../../src/store/store-list';
import { allSets, type StoredSet } from '../../src/store/stored-sets';
import { printable } from '../server/log-format';
import { CommandLineError } from './command-line';
import type { CommandInput } from './run-cli';

/** A beginning of a hash that is meant. */
const HASH_PREFIX = /^(?:sha256:)?([0-9a-f]{6,64})$/i;

/** Deletes what each name means, once all of them mean one thing each. */
export async function rm({ models, host, names, options }: CommandInput): Promise<void> {
  const entries = await models.store.list();
  const sets = await allSets(entries);
  const found = [...new Set(names.flatMap((name) => meant(models, entries, sets, name)))];
  for (const entry of found) {
    await deleteIt(models, entry);
    const name = entry.state === 'partial' ? entry.address : entry.fileName;
    if (options['json'] !== true) host.out(`Deleted ${printable(name)}\n`);
  }
  if (options['json'] === true) host.out(`${JSON.stringify(found, null, 2)}\n`);
}

async function deleteIt({ store }: CommandInput['models'], entry: StoreEntry): Promise<void> {
  try {
    if (entry.state === 'partial') await store.discard(entry.address);
    else await store.delete(entry.sha256);
  } catch (error) {
    if (!(error instanceof ForgelightError) || error.code !== 'busy') throw error;
    throw new ForgelightError('busy', inUse(entry), { cause: error }); // the store's own words are for a page: of its tabs
  }
}

function inUse(entry: StoreEntry): string {
  return entry.state === 'partial'
    ? `${entry.address} is being downloaded, by the daemon or another command. End that, then delete it.`
    : `${entry.fileName} is in use, by the daemon or another command. End that (forgelight stop takes a model off its device), then delete it.`;
}

/** One entry; or all parts of a split model, by what it was pulled as or by the hash of them all. */
function meant(
  models: CommandInput['models'],
  entries: readonly StoreEntry[],
  sets: readonly StoredSet[],
  name: string,
): readonly StoreEntry[] {
  const addresses = addressesOf(models, name);
  const byAddress = entries.filter((entry) =>
    entry.state === 'partial'
      ? addresses.includes(entry.address)
      : entry.names.some((address) => addresses.includes(address)),
  );
  return byAddress.length > 0 ? byAddress : oneOf(entries, sets, name);
}

/** None where it is no reference, or one that takes a listing. */
function addressesOf({ sourceOf }: CommandInput['models'], reference: string): readonly string[] {
  const addresses: string[] = [];
  try {
    sourceOf(reference, {
      wrapFile: (file) => {
        if (file.address !== undefined) addresses.push(file.address);
        return file;
      },
    });
  } catch (error) {
    if (!(error instanceof ForgelightError) || error instanceof CommandLineError) throw error;
  }
  return addresses;
}

function oneOf(entries: readonly StoreEntry[], sets: readonly StoredSet[], name: string): readonly StoreEntry[] {
  const prefix = HASH_PREFIX.exec(name)?.[1]?.toLowerCase() ?? null;
  const begins = (sha256: string | null): boolean => prefix !== null && sha256?.startsWith(prefix) === true;
  const files = entries.filter((entry) =>
    entry.state === 'partial'
      ? entry.address === name || entry.fileName === name
      : entry.fileName === name || entry.names.includes(name) || begins(entry.sha256),
  );
  const fitting = [
    ...files.map((entry) => ({ id: entry.state === 'partial' ? entry.address : entry.sha256, entries: [entry] })),
    ...sets.filter(({ sha256 }) => begins(sha256)).map(({ sha256, parts }) => ({ id: sha256, entries: parts })),
  ];
  const [found, ...others] = fitting;
  if (found === undefined) {
    throw new ForgelightError('invalid-request', `"${name}" is not here. \`forgelight list\` shows what is.`);
  }
  if (others.length === 0) return found.entries;
  const ids = fitting.map(({ id }) => id).join(', ');
  const message = `"${name}" means ${fitting.length} of them: ${ids}. Name one by its hash or address.`;
  throw new ForgelightError('invalid-request', message);
}
