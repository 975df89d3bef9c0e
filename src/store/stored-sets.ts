import { splitUrls } from '../gguf/split-name';
import { splitIdentity } from './split-identity';
import type { ModelEntry, StoreEntry } from './store-list';
import { decoded } from './url-source';

/** A model in several files, as far as the store has it. */
export interface StoredSet {
  /** What `splitIdentity` says of all parts; `null` while one is missing. */
  readonly sha256: string | null;
  /** Of the first part. */
  readonly fileName: string;
  /** Of all parts, in their order; any of them stands for all. */
  readonly addresses: readonly string[];
  /** Those that are there, in their order. */
  readonly parts: readonly ModelEntry[];
  /** Names of the files that are not. */
  readonly missing: readonly string[];
}

/** The split models among what a store has: parts belong together when they were fetched from beside each other. */
export function storedSets(entries: readonly StoreEntry[]): Promise<readonly StoredSet[]> {
  return setsOf(entries.filter((entry): entry is ModelEntry => entry.state === 'ok'));
}

/** The same, damaged parts among them: for whoever deletes or repairs what has a hash. */
export function allSets(entries: readonly StoreEntry[]): Promise<readonly StoredSet[]> {
  return setsOf(entries.filter((entry): entry is ModelEntry => entry.state !== 'partial'));
}

/** What goes with a split model: who needs a part of it besides decides. */
export interface Leaving {
  /** Of nobody else. */
  readonly own: readonly ModelEntry[];
  readonly shared: readonly SharedPart[];
}

export interface SharedPart {
  readonly part: ModelEntry;
  /** The split models that have it too; none where it is a model by itself as well. */
  readonly with: readonly StoredSet[];
}

/** What becomes of the parts of `going` when these go, out of all there are (`allSets`). */
export function leaving(going: readonly Pick<StoredSet, 'addresses' | 'parts'>[], sets: readonly StoredSet[]): Leaving {
  const addresses = new Set(going.flatMap((set) => set.addresses));
  const staying = sets.filter((set) => !set.addresses.every((address) => addresses.has(address)));
  const own: ModelEntry[] = [];
  const shared: SharedPart[] = [];
  for (const part of new Set(going.flatMap(({ parts }) => parts))) {
    const others = staying.filter(({ parts }) => parts.includes(part));
    const isAlone = others.length === 0 && part.names.every((name) => partAddresses(name).length > 0);
    if (isAlone) own.push(part);
    else shared.push({ part, with: others });
  }
  return { own, shared };
}

async function setsOf(files: readonly ModelEntry[]): Promise<readonly StoredSet[]> {
  const byAddress = new Map(files.flatMap((entry) => entry.names.map((address) => [address, entry] as const)));
  const places = new Map<string, readonly string[]>();
  for (const address of byAddress.keys()) {
    const parts = partAddresses(address);
    const [first] = parts;
    if (first !== undefined) places.set(first, parts);
  }
  const sets = await Promise.all([...places.values()].map((addresses) => setAt(addresses, byAddress)));
  return withoutCopies(sets);
}

/** Of all parts, by that of one; none where it is not that of a part. */
export function partAddresses(address: string): readonly string[] {
  const split = URL.canParse(address) ? splitUrls(new URL(address)) : null;
  return split?.parts.map(({ href }) => href) ?? [];
}

async function setAt(addresses: readonly string[], byAddress: ReadonlyMap<string, ModelEntry>): Promise<StoredSet> {
  const found = addresses.map((address) => byAddress.get(address) ?? null);
  const parts = found.filter((part) => part !== null);
  const names = addresses.map((address) => decoded(new URL(address).pathname.split('/').at(-1) ?? ''));
  const missing = names.filter((_, i) => found[i] === null);
  const sha256 = missing.length > 0 ? null : await splitIdentity(parts.map((part) => part.sha256));
  return { sha256, fileName: names[0] ?? '', addresses, parts, missing };
}

/** The same parts may have come from several places, and to one of them not all. */
function withoutCopies(sets: readonly StoredSet[]): readonly StoredSet[] {
  const whole = new Map<string, StoredSet>();
  for (const set of sets) {
    if (set.sha256 === null) continue;
    const same = whole.get(set.sha256);
    const addresses = [...(same?.addresses ?? []), ...set.addresses];
    whole.set(set.sha256, { ...(same ?? set), addresses });
  }
  const isHere = ({ parts }: StoredSet): boolean =>
    [...whole.values()].some((set) => parts.every((part) => set.parts.includes(part)));
  return [...whole.values(), ...sets.filter((set) => set.sha256 === null && !isHere(set))];
}
