import { runningHash } from './hashing';

/** No GGUF begins so: no file has the hash of a set. */
const BEGINNING = 'forgelight parts';

/**
 * What a model in several files is called where one in a single file is by its SHA-256: that of a text which names the parts' own, in
 * their order. Who has the parts, or a listing of their hashes, comes to the same; names and places of files are not in it.
 *
 * @param hashes of all parts, lower-case hex
 */
export async function splitIdentity(hashes: readonly string[]): Promise<string> {
  const hash = await runningHash();
  hash.update(new TextEncoder().encode([BEGINNING, ...hashes, ''].join('\n')));
  return hash.soFar();
}
