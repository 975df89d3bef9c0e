import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run, runNode, SetupError } from './command.mjs';
import { ROOT } from './paths.mjs';

/** Longer than a slow network takes: a registry that does not answer ends by it. */
const INSTALL_MS = 20 * 60_000;

/** What must be the same for an installed tree to be used again. */
async function wantedStamp(/** @type {string} */ root) {
  const lock = await readFile(join(root, 'package-lock.json'));
  const major = process.versions.node.split('.')[0];
  return `${createHash('sha256').update(lock).digest('hex')} ${process.platform}-${process.arch} node${major}\n`;
}

/** @param {string} path */
async function readText(path) {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === 'ENOENT') return null;
    throw error;
  }
}

/**
 * Whether npm's own record of `node_modules` has every package of the lockfile in its version: true after an `npm ci`
 * or `npm install` by hand. npm writes that record last, so a broken-off installation has none.
 * @param {string} root
 */
async function installedByHand(root) {
  const record = await readText(join(root, 'node_modules/.package-lock.json'));
  if (record === null) return false;
  const installed = JSON.parse(record).packages;
  const wanted = JSON.parse(await readFile(join(root, 'package-lock.json'), 'utf8')).packages;
  return Object.entries(wanted).every(
    ([path, entry]) => path === '' || entry.optional || installed[path]?.version === entry.version,
  );
}

/**
 * `fresh`: the tree in `node_modules` is the lockfile's. `unstamped`: it is too, but somebody else installed it.
 * @param {string} [root]
 * @returns {Promise<'fresh' | 'unstamped' | 'stale'>}
 */
export async function dependencyState(root = ROOT) {
  const stamp = await readText(join(root, 'node_modules/.forgelight-stamp'));
  if (stamp !== null) return stamp === (await wantedStamp(root)) ? 'fresh' : 'stale';
  return (await installedByHand(root)) ? 'unstamped' : 'stale';
}

/**
 * Installs the dependencies of the lockfile unless they are there.
 * @param {AbortSignal} signal
 * @param {string} [root]
 */
export async function ensureDependencies(signal, root = ROOT) {
  const state = await dependencyState(root);
  if (state === 'fresh') return;
  if (state === 'stale') {
    console.log('Installing dependencies …');
    const code = await runNpm(['ci', '--prefix', root, '--include=dev', '--no-audit', '--no-fund'], signal);
    if (code !== 0) {
      throw new SetupError(
        'The dependencies could not be installed: npm said why above. A registry must be reachable (see `npm config get registry`); then run the same command again.',
      );
    }
  }
  await writeFile(join(root, 'node_modules/.forgelight-stamp'), await wantedStamp(root));
}

async function runNpm(/** @type {string[]} */ args, /** @type {AbortSignal} */ signal) {
  // Set when npm started us; it also spares a shell on Windows, where `npm` is a .cmd file.
  const npmScript = process.env.npm_execpath;
  const options = { signal, timeoutMs: INSTALL_MS };
  const { code } = npmScript?.endsWith('.js')
    ? await runNode([npmScript, ...args], options)
    : await run('npm', args, options);
  return code;
}
