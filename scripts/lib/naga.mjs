// Firefox's shader compiler without Firefox: Deno has naga inside, and is an npm package. For machines on which no Firefox can be had.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { installedChromiums } from './chromium.mjs';
import { reasonOf, run, SetupError } from './command.mjs';
import { allFailed } from './counts.mjs';
import { softwareAdapter } from './firefox.mjs';
import { ARTIFACTS_FOLDER } from './paths.mjs';

const DENO = 'deno@2.9.6';
const INSTALL_MS = 5 * 60_000;
const CHECK_MS = 5 * 60_000;
const FOLDER = join(ARTIFACTS_FOLDER, 'deno');

/**
 * Has every shader that ships, with each block format and type of cache, read and checked by naga.
 * @param {AbortSignal} signal
 * @returns {Promise<import('./counts.mjs').Counts>}
 */
export async function checkWithNaga(signal) {
  try {
    const deno = await ensureDeno(signal);
    const { joinedShaders, linkShaders } = await import('../shaders.mjs');
    const texts = joinedShaders(await linkShaders());
    await writeFile(join(FOLDER, 'texts.json'), JSON.stringify([...texts]));
    await writeFile(join(FOLDER, 'check.mjs'), [String(complaints), String(main), 'await main();'].join('\n'));
    const { code, output } = await run(deno, ['run', '--unstable-webgpu', '--allow-read', join(FOLDER, 'check.mjs')], {
      signal,
      env: softwareAdapter(process.env.CHROMIUM_PATH || installedChromiums()[0]),
      quiet: true,
      timeoutMs: CHECK_MS,
    });
    const [, report] = /^REPORT (.*)$/m.exec(output) ?? [];
    if (code !== 0 || report === undefined) throw new SetupError(`Deno ended with code ${code}: ${output.trim()}`);
    return JSON.parse(report);
  } catch (error) {
    if (signal.aborted || !(error instanceof SetupError)) throw error;
    return allFailed(reasonOf(error));
  }
}

/** @param {AbortSignal} signal @returns {Promise<string>} its path */
async function ensureDeno(signal) {
  await mkdir(FOLDER, { recursive: true });
  const args = ['install', '--prefix', FOLDER, '--no-save', '--ignore-scripts', DENO];
  const { code, output } = await run('npm', args, { signal, quiet: true, timeoutMs: INSTALL_MS });
  if (code !== 0) throw new SetupError(`${DENO} could not be installed: ${output.trim()}`);
  return join(FOLDER, 'node_modules/.bin/deno');
}

/** Runs in Deno. Without overrides, as the device joins texts. */
async function main() {
  const { readFile } = await import('node:fs/promises');
  const adapter = await navigator.gpu.requestAdapter();
  if (adapter === null) throw new Error('Deno finds no adapter');
  const device = await adapter.requestDevice();
  const report = { passed: 0, failures: /** @type {object[]} */ ([]) };
  for (const [name, text] of JSON.parse(await readFile(new URL('texts.json', import.meta.url), 'utf8'))) {
    // What adapters here have not is read by none: Firefox has no subgroups anywhere.
    if (/^enable /m.test(text)) continue;
    const message = await complaints(device, text.replace(/^override (\w+: u32 = )/gm, 'const $1'));
    if (message === null) report.passed += 1;
    else report.failures.push({ names: [name], message });
  }
  console.log(`REPORT ${JSON.stringify(report)}`);
}

/** Runs in Deno. @param {GPUDevice} device @param {string} code */
async function complaints(device, code) {
  device.pushErrorScope('validation');
  device.createShaderModule({ code });
  return (await device.popErrorScope())?.message ?? null;
}
