// The code objects of an installation, packed: `<GPU>/<unit>.co.br` in the folder `hip` beside the command, with a manifest of what is there.
import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, brotliDecompress } from 'node:zlib';

const pack = promisify(brotliCompress);
const unpack = promisify(brotliDecompress);

/** @typedef {Record<string, Record<string, string>>} Hashes SHA-256 of code objects by GPU, then unit */

/** @param {Uint8Array} bytes of a code object */
export function objectHash(bytes) {
  return createHash('sha256').update(bytes).digest('hex');
}

/** @param {string} folder @param {string} target @param {string} unit */
function placeOf(folder, target, unit) {
  return join(folder, target, `${unit}.co.br`);
}

/** @param {string} folder @param {string} target @param {string} unit @returns {Promise<Buffer | null>} `null`: there is none, or half of one */
export async function readObject(folder, target, unit) {
  try {
    return await unpack(await readFile(placeOf(folder, target, unit)));
  } catch {
    return null;
  }
}

/** @param {string} folder @param {string} target @param {string} unit @param {Uint8Array} bytes */
export async function writeObject(folder, target, unit, bytes) {
  const place = placeOf(folder, target, unit);
  await mkdir(dirname(place), { recursive: true });
  await writeFile(place, await pack(bytes));
}

/** Those of `wanted` that are there as they should be: not older ones. @param {string} folder @param {Hashes} wanted @returns {Promise<Hashes>} */
export async function installedObjects(folder, wanted) {
  /** @type {Hashes} */
  const found = {};
  for (const [target, units] of Object.entries(wanted)) {
    for (const [unit, hash] of Object.entries(units)) {
      const bytes = await readObject(folder, target, unit);
      if (bytes !== null && objectHash(bytes) === hash) (found[target] ??= {})[unit] = hash;
    }
  }
  return found;
}

/** What the command reads: it then knows which GPUs it has kernels for. @param {string} folder @param {Hashes} wanted @returns {Promise<number>} how many are not there */
export async function writeInstalled(folder, wanted) {
  const objects = await installedObjects(folder, wanted);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'manifest.json'), `${JSON.stringify({ objects }, null, 2)}\n`);
  return countOf(wanted) - countOf(objects);
}

/** @param {Hashes} hashes */
function countOf(hashes) {
  return Object.values(hashes).reduce((sum, units) => sum + Object.keys(units).length, 0);
}
