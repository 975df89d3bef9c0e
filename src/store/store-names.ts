import { createSHA256 } from 'hash-wasm';
import type { FilePath } from './store-files';

/** A whole model, by the SHA-256 of its bytes. */
export function blobPath(sha256: string): FilePath {
  return `blobs/${sha256}.gguf`;
}

/** Its damaged bytes. */
export function quarantinePath(sha256: string): FilePath {
  return `quarantine/${sha256}.gguf`;
}

/** What arrived of a download. */
export function partPath(key: string): FilePath {
  return `parts/${key}.part`;
}

/** Stands for the address of a download whose journal has lost it. */
export function lostPart(key: string): string {
  return `part:${key}`;
}

/** Short enough for a file's name, whatever the address. */
export async function partKey(address: string): Promise<string> {
  const lost = /^part:([0-9a-f]{64})$/.exec(address)?.[1];
  if (lost !== undefined) return lost;
  const hasher = await createSHA256();
  return hasher.update(address).digest('hex');
}

/** The hash that a file in `blobs` is named after; `null` for a stranger. */
export function sha256OfBlob(name: string): string | null {
  return /^([0-9a-f]{64})\.gguf$/.exec(name)?.[1] ?? null;
}

/** The key that a file in `parts` is named after. */
export function keyOfPart(name: string): string | null {
  return /^([0-9a-f]{64})\.part$/.exec(name)?.[1] ?? null;
}

/**
 * Locks, in the order in which they are taken. `download`: who fetches an address. `blob`: shared by whoever reads a model or
 * has it loaded, exclusive for who removes it. `entry`: exclusive and short, for whoever changes what is known of a model.
 */
export const lockName = {
  download: (key: string): string => `forgelight-download:${key}`,
  blob: (sha256: string): string => `forgelight-blob:${sha256}`,
  entry: (sha256: string): string => `forgelight-entry:${sha256}`,
};
