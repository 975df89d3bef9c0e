// How many bytes, zipped, a page fetches before it shows something: the element without worker and markdown, and the chat page's first
// load. Each has a budget in test/budgets/sizes.json. Bundles both in memory.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { runScript } from './lib/command.mjs';
import { elementBuild } from './lib/element-build.mjs';
import { ROOT } from './lib/paths.mjs';
import { shortSheets } from './lib/short-css.mjs';

/** @typedef {import('vite').Rolldown.RolldownOutput} Output */

const BUDGETS = 'test/budgets/sizes.json';

/** @param {import('vite').InlineConfig} config @returns {Promise<Output['output']>} */
async function bundle(config) {
  const { build } = await import('vite');
  const [first] = [await build(config)].flat();
  if (first === undefined || !('output' in first)) throw new Error('Nothing was bundled.');
  return first.output;
}

/**
 * What is fetched with `names`: they, and what they import at once, but not what is imported later.
 * @param {Output['output']} output @param {readonly string[]} names
 */
function fetchedWith(output, names) {
  const files = new Map(output.map((file) => [file.fileName, file]));
  const seen = new Set(names);
  let sizeBytes = 0;
  for (const name of seen) {
    const file = files.get(name);
    if (file === undefined) throw new Error(`${name} was not made.`);
    sizeBytes += gzipSync(file.type === 'chunk' ? file.code : file.source).length;
    if (file.type === 'chunk') for (const next of file.imports) seen.add(next);
  }
  return sizeBytes;
}

async function elementBytes() {
  return fetchedWith(await bundle(elementBuild({ write: false })), ['define.js']);
}

async function pageBytes() {
  const output = await bundle({
    root: ROOT,
    logLevel: 'warn',
    // As vite.config.mjs has it, without the worker, which is no part of the first load and need not be built.
    configFile: false,
    base: './',
    publicDir: false,
    plugins: [shortSheets()],
    build: { write: false, target: 'es2023', modulePreload: { polyfill: false }, assetsInlineLimit: 0 },
  });
  const html = output.find(({ fileName }) => fileName === 'index.html');
  const text = html?.type === 'asset' ? html.source.toString() : '';
  const linked = [...text.matchAll(/(?:src|href)="\.\/([^"]+\.(?:js|css))"/g)].map(([, name = '']) => name);
  return fetchedWith(output, ['index.html', ...linked]);
}

await runScript(async () => {
  /** @type {Record<string, number>} */
  const budgets = JSON.parse(await readFile(join(ROOT, BUDGETS), 'utf8'));
  const sizes = { element: await elementBytes(), page: await pageBytes() };
  let failed = 0;
  for (const [name, sizeBytes] of Object.entries(sizes)) {
    const budget = budgets[name] ?? 0;
    console.log(`${name}: ${sizeBytes} of ${budget} bytes, zipped`);
    if (sizeBytes <= budget) continue;
    failed++;
    console.error(
      `${name} is ${sizeBytes - budget} bytes over its budget: make it smaller, or say in the commit why ${BUDGETS} goes up.`,
    );
  }
  return failed === 0 ? 0 : 1;
});
