// native-bridge/kernels/manifest.json: of each unit of the HIP kernels a hash of its text, and of each code object that clang makes of it for a
// GPU a hash, and what is in it. A code object with the hash has what is written there: tests hold that for all of them, and compile few.
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { KERNELS_FOLDER } from './hip-build.mjs';

const MANIFEST_FILE = join(KERNELS_FOLDER, 'manifest.json');

/** @typedef {import('./hip-inspect.mjs').ObjectFacts} ObjectFacts */

/**
 * @typedef {object} Manifest
 * @property {Record<string, string>} sources by unit
 * @property {Record<string, Record<string, string>>} objects SHA-256 by GPU, then unit
 * @property {Record<string, Record<string, string>>} inside by GPU, then unit: a name in `facts`
 * @property {Record<string, ObjectFacts>} facts by a hash of them: many code objects have the same
 */

/** @returns {Promise<Manifest>} */
export async function readManifest() {
  const none = { sources: {}, objects: {}, inside: {}, facts: {} };
  return { ...none, ...JSON.parse(await readFile(MANIFEST_FILE, 'utf8').catch(() => '{}')) };
}

/** What it says of a code object. @param {Manifest} manifest @param {string} target @param {string} unit @returns {ObjectFacts | undefined} */
export function factsOf({ inside, facts }, target, unit) {
  return facts[inside[target]?.[unit] ?? ''];
}

/** @param {Manifest} manifest @param {string} target @param {string} unit @param {string} hash @param {ObjectFacts} facts */
export function addObject(manifest, target, unit, hash, facts) {
  const name = createHash('sha256').update(JSON.stringify(facts)).digest('hex').slice(0, 8);
  manifest.facts[name] = facts;
  (manifest.objects[target] ??= {})[unit] = hash;
  (manifest.inside[target] ??= {})[unit] = name;
}

/** Takes away what is said of code objects whose unit has another text now. @param {Manifest} manifest @param {Manifest['sources']} sources by unit, as they are */
export function forgetChanged(manifest, sources) {
  for (const hashes of [...Object.values(manifest.objects), ...Object.values(manifest.inside)]) {
    for (const unit of Object.keys(hashes)) if (manifest.sources[unit] !== sources[unit]) delete hashes[unit];
  }
  manifest.sources = sources;
}

/** In the order of the names, so that a change is seen as what it is, and without facts of nothing. At once: several compile. @param {Manifest} manifest */
export function writeManifest({ sources, objects, inside, facts }) {
  const named = new Set(Object.values(inside).flatMap((units) => Object.values(units)));
  const used = Object.fromEntries(Object.entries(facts).filter(([name]) => named.has(name)));
  const text = {
    sources: sorted(sources),
    objects: sorted(mapped(objects, sorted)),
    inside: sorted(mapped(inside, sorted)),
    facts: sorted(used),
  };
  writeFileSync(MANIFEST_FILE, `${JSON.stringify(text, null, 2)}\n`);
}

/** @template T @param {Record<string, T>} record @returns {Record<string, T>} */
function sorted(record) {
  return Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** @template T @param {Record<string, T>} record @param {(value: T) => T} change @returns {Record<string, T>} */
function mapped(record, change) {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, change(value)]));
}
