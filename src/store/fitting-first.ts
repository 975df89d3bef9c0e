import type { KeptFile } from './hub-source';
import type { ModelSource } from './source';
import { splitIdentity } from './split-identity';

/** One of several sources of a model, and the addresses of the files that it stands for, as far as they are known. */
export interface Mirror {
  readonly source: ModelSource;
  readonly addresses: ReadonlySet<string>;
}

/**
 * The order in which to ask: a file and the parts of the same model have different hashes, which their servers need not tell, and once a mirror has
 * begun no other form can go on. So whom the store has with the hash that is wanted comes first; whom it has with another one last, because its file
 * may have been replaced since.
 */
export async function fittingFirst(
  mirrors: readonly Mirror[],
  sha256: string,
  kept: readonly KeptFile[],
): Promise<readonly ModelSource[]> {
  const ranked = await Promise.all(
    mirrors.map(async ({ source, addresses }) => ({ source, rank: await rankOf([...addresses], sha256, kept) })),
  );
  return ranked.toSorted((a, b) => a.rank - b.rank).map(({ source }) => source);
}

async function rankOf(addresses: readonly string[], sha256: string, kept: readonly KeptFile[]): Promise<0 | 1 | 2> {
  // A single file is found under whatever name it has.
  if (addresses.length === 1 && kept.some((file) => file.sha256 === sha256)) return 0;
  const hashes = addresses.flatMap((address) => kept.find((file) => file.address === address)?.sha256 ?? []);
  const [first] = hashes;
  if (first === undefined || hashes.length < addresses.length) return 1;
  const identity = hashes.length === 1 ? first : await splitIdentity(hashes);
  return identity === sha256 ? 0 : 2;
}
