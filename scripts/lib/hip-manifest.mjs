// native-bridge/kernels/manifest.json: of each unit of the HIP kernels a hash of its text, and of what clang makes of it for each GPU.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { KERNELS_FOLDER } from './hip-build.mjs';

export const MANIFEST_FILE = join(KERNELS_FOLDER, 'manifest.json');

/** @typedef {{ sources: Record<string, string>, objects: Record<string, Record<string, string>> }} Manifest */

/** @returns {Promise<Manifest>} */
export async function readManifest() {
  return JSON.parse(await readFile(MANIFEST_FILE, 'utf8').catch(() => '{"sources":{},"objects":{}}'));
}

/** In the order of the names, so that a change is seen as what it is. @param {Manifest} manifest */
export async function writeManifest({ sources, objects }) {
  const sorted = (/** @type {Record<string, any>} */ record) =>
    Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));
  const byTarget = Object.fromEntries(
    Object.entries(sorted(objects)).map(([target, units]) => [target, sorted(units)]),
  );
  await writeFile(MANIFEST_FILE, `${JSON.stringify({ sources: sorted(sources), objects: byTarget }, null, 2)}\n`);
}
