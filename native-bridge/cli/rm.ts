import { ForgelightError } from '../../src/base/errors';
import type { StoreEntry } from '../../src/store/store-list';
import { allSets, leaving, type Leaving, type SharedPart } from '../../src/store/stored-sets';
import { printable } from '../server/log-format';
import { meantModels, type Meant } from './meant-models';
import type { CommandInput } from './run-cli';

/** Deletes what each name means, once all of them mean one thing each; of split models not what another model has too. */
export async function rm({ models, host, names, options }: CommandInput): Promise<void> {
  const entries = await models.store.list();
  const meant: Meant[] = [];
  for (const name of names) meant.push(...(await meantModels(models, entries, name)));
  const isJson = options['json'] === true;
  const { going, addresses, shared } = await toDelete(entries, meant);
  for (const entry of going) {
    await deleteIt(models, entry);
    if (!isJson) host.out(`Deleted ${printable(entry.state === 'partial' ? entry.address : entry.fileName)}\n`);
  }
  for (const kept of shared) {
    await models.store.removeNames(kept.part.sha256, addresses);
    const line = `${printable(keptFor(kept))}\n`;
    if (isJson) host.err(line);
    else host.out(line);
  }
  if (isJson) host.out(`${JSON.stringify(going, null, 2)}\n`);
}

/** Each once; `addresses` are those of the split models among them. */
async function toDelete(
  entries: readonly StoreEntry[],
  meant: readonly Meant[],
): Promise<{ going: readonly StoreEntry[]; addresses: readonly string[]; shared: Leaving['shared'] }> {
  const files = meant.flatMap((one) => (one.kind === 'file' ? [one.entry] : []));
  const sets = meant.flatMap((one) => (one.kind === 'set' ? [one.set] : []));
  const addresses = sets.flatMap((set) => set.addresses);
  const begun = entries.filter((entry) => entry.state === 'partial' && addresses.includes(entry.address));
  const { own, shared } = leaving(sets, await allSets(entries));
  return {
    going: [...new Set([...begun, ...files, ...own])],
    addresses,
    shared: shared.filter(({ part }) => !files.includes(part)),
  };
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

function keptFor({ part, with: others }: SharedPart): string {
  const names = others.map(({ fileName, sha256 }) => (sha256 === null ? fileName : `${fileName} (sha256:${sha256})`));
  const who =
    names.length === 0
      ? 'it is a model of its own too'
      : `${names.join(', ')} ${names.length === 1 ? 'has' : 'have'} it too`;
  return `Kept ${part.fileName}: ${who}`;
}
