// Builds what is published: `dist/lib` and `dist/bin` (the package and its command), `dist/page` (the static chat page).
import { existsSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readNoOptions, runScript } from './lib/command.mjs';
import { commandBuild } from './lib/command-build.mjs';
import { customElements } from './lib/custom-elements.mjs';
import { elementBuild } from './lib/element-build.mjs';
import { generateSources } from './lib/generated.mjs';
import { ensureDependencies } from './lib/install.mjs';
import { BIN_FOLDER, LIB_FOLDER, PAGE_FOLDER, ROOT } from './lib/paths.mjs';
import { buildTypes } from './lib/types.mjs';
import { finishWebApp } from './lib/web-app.mjs';

/**
 * One self-contained module: whatever it imports is inside, so that it runs from any static server.
 * @param {string} entry path in the repository
 * @param {string} fileName in `dist/lib`
 */
async function buildModule(entry, fileName) {
  const { build } = await import('vite');
  await build({
    configFile: false,
    root: ROOT,
    logLevel: 'warn',
    publicDir: false,
    build: {
      target: 'es2023',
      outDir: LIB_FOLDER,
      emptyOutDir: false,
      sourcemap: true,
      lib: { entry: join(ROOT, entry), formats: ['es'], fileName: () => fileName },
      rolldownOptions: { output: { codeSplitting: false } },
    },
  });
}

async function buildElement() {
  const { build } = await import('vite');
  await build(elementBuild({ outDir: join(LIB_FOLDER, 'element'), sourcemap: true }));
  await writeFile(join(LIB_FOLDER, 'custom-elements.json'), `${JSON.stringify(await customElements(), null, 2)}\n`);
}

async function buildCommand() {
  const { build } = await import('vite');
  await build(commandBuild({ outDir: BIN_FOLDER }));
}

/** @param {AbortSignal} signal */
async function buildAll(signal) {
  await ensureDependencies(signal);
  await generateSources(signal);
  await rm(LIB_FOLDER, { recursive: true, force: true });
  // Beside it lie the HIP kernels: they take half an hour to compile.
  await rm(join(BIN_FOLDER, 'forgelight.js'), { force: true });
  await buildModule('src/worker/worker.ts', 'worker.js');
  await buildModule('src/client/index.ts', 'index.js');
  await buildElement();
  await buildCommand();
  signal.throwIfAborted();
  await buildTypes(signal);
  const { build } = await import('vite');
  await build({ root: ROOT, configFile: join(ROOT, 'vite.config.mjs'), logLevel: 'warn' });
  await finishWebApp(PAGE_FOLDER);
  signal.throwIfAborted();
}

await runScript(async (signal) => {
  readNoOptions();
  const started = performance.now();
  await buildAll(signal);
  console.log(`Built dist/lib and dist/page in ${((performance.now() - started) / 1000).toFixed(1)} s`);
  if (!existsSync(join(BIN_FOLDER, 'hip/manifest.json'))) {
    console.log('Without kernels for AMD GPUs: "node scripts/hip.mjs" compiles them, where clang is.');
  }
  return 0;
});
