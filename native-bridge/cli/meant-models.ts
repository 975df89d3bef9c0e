import { pathToFileURL } from 'node:url';
import { ForgelightError } from '../../src/base/errors';
import type { StoreEntry } from '../../src/store/store-list';
import { allSets, partAddresses, type StoredSet } from '../../src/store/stored-sets';
import { decoded } from '../../src/store/url-source';
import { CommandLineError } from './command-line';
import { pathOf } from './disk-source';
import type { Models } from './models';

/** What a name stands for in the store: one file, or a split model with what has arrived of it. */
export type Meant =
  | { readonly kind: 'file'; readonly id: string; readonly entry: StoreEntry }
  | { readonly kind: 'set'; readonly id: string; readonly set: Pick<StoredSet, 'addresses' | 'parts'> };

/** A beginning of a hash that is meant. */
const HASH_PREFIX = /^(?:sha256:)?([0-9a-f]{6,64})$/i;

/**
 * What is meant by a hash or its beginning, a file's name or an address; of a split model any file's name or address stands for all, and its hash
 * for that file. Throws `invalid-request` where it is nothing, or more than one.
 */
export async function meantModels(
  models: Models,
  entries: readonly StoreEntry[],
  name: string,
): Promise<readonly Meant[]> {
  const known = { entries, sets: await allSets(entries) };
  const byAddress = atAddresses(known, addressesOf(models, name));
  if (byAddress.length > 0) return byAddress;
  const fitting = [...withHash(known, name), ...withFileName(known, name)];
  if (fitting.length === 1) return fitting;
  if (fitting.length === 0) {
    throw new ForgelightError('invalid-request', `"${name}" is not here. \`forgelight list\` shows what is.`);
  }
  const ids = fitting.map(({ id }) => id).join(', ');
  const message = `"${name}" means ${fitting.length} of them: ${ids}. Name one by its hash or address.`;
  throw new ForgelightError('invalid-request', message);
}

interface Known {
  readonly entries: readonly StoreEntry[];
  readonly sets: readonly StoredSet[];
}

/** None where it is no reference, or one that takes a listing. */
function addressesOf({ sourceOf }: Models, reference: string): readonly string[] {
  const path = pathOf(reference);
  if (path !== null) return withParts(pathToFileURL(path).href);
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
  return addresses.length > 0 ? addresses : withParts(reference);
}

function withParts(address: string): readonly string[] {
  const parts = partAddresses(address);
  return parts.length > 0 ? parts : [address];
}

function atAddresses({ entries, sets }: Known, addresses: readonly string[]): readonly Meant[] {
  const found = entries.filter((entry) => addressesIn(entry).some((address) => addresses.includes(address)));
  if (addresses.length < 2) return found.map(asFile);
  const set = sets.find((each) => addresses.some((address) => each.addresses.includes(address)));
  const [id = ''] = addresses;
  const parts = found.filter((entry) => entry.state !== 'partial');
  return found.length === 0 ? [] : [{ kind: 'set', id, set: set ?? { addresses, parts } }];
}

function withHash({ entries, sets }: Known, name: string): readonly Meant[] {
  const prefix = HASH_PREFIX.exec(name)?.[1]?.toLowerCase() ?? null;
  const begins = (sha256: string | null): boolean => prefix !== null && sha256?.startsWith(prefix) === true;
  return [
    ...entries.filter((entry) => entry.state !== 'partial' && begins(entry.sha256)).map(asFile),
    ...sets.filter(({ sha256 }) => begins(sha256)).map(asSet),
  ];
}

function withFileName({ entries, sets }: Known, name: string): readonly Meant[] {
  const named = sets.filter(({ addresses }) => addresses.some((address) => fileNameOf(address) === name));
  const isOfSet = (entry: StoreEntry): boolean =>
    sets.some(({ addresses }) => addressesIn(entry).some((address) => addresses.includes(address)));
  const others = entries.filter((entry) => entry.fileName === name && !isOfSet(entry));
  const begun = new Map(others.map((entry) => [placeOf(entry), asFileOrBegun(entry)]));
  return [...named.map(asSet), ...begun.values()];
}

/** Of a split model of which nothing is whole, the address of the first file; of a file itself. */
function placeOf(entry: StoreEntry): string {
  return entry.state === 'partial' ? (partAddresses(entry.address)[0] ?? entry.address) : entry.sha256;
}

function asFileOrBegun(entry: StoreEntry): Meant {
  const addresses = entry.state === 'partial' ? partAddresses(entry.address) : [];
  const [id] = addresses;
  return id === undefined ? asFile(entry) : { kind: 'set', id, set: { addresses, parts: [] } };
}

function addressesIn(entry: StoreEntry): readonly string[] {
  return entry.state === 'partial' ? [entry.address] : entry.names;
}

function fileNameOf(address: string): string {
  return URL.canParse(address) ? decoded(new URL(address).pathname.split('/').at(-1) ?? '') : '';
}

function asFile(entry: StoreEntry): Meant {
  return { kind: 'file', id: entry.state === 'partial' ? entry.address : entry.sha256, entry };
}

function asSet(set: StoredSet): Meant {
  return { kind: 'set', id: set.sha256 ?? set.addresses[0] ?? set.fileName, set };
}
