import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';
import { shortSheets } from './scripts/lib/short-css.mjs';

/**
 * Puts the worker below the page's scripts, in a folder that is named by its content: a page that runs never gets the worker of another
 * version. `scripts/build.mjs` has built it before.
 * @param {string} workerFile
 * @returns {import('vite').Plugin}
 */
function workerBelowScripts(workerFile) {
  let folder = '';
  return {
    name: 'forgelight-worker',
    apply: 'build',
    enforce: 'pre',
    async buildStart() {
      const source = await readFile(workerFile, 'utf8');
      folder = createHash('sha256').update(source).digest('hex').slice(0, 8);
      this.emitFile({ type: 'asset', fileName: `assets/${folder}/worker.js`, source });
    },
    transform(code, id) {
      if (!id.endsWith('/src/client/worker-url.ts')) return null;
      const beside = "'./worker.js'";
      if (!code.includes(beside)) this.error('The address of the worker is not where it was.');
      return { code: code.replace(beside, `'./${folder}/worker.js'`), map: null };
    },
  };
}

/** The chat page. */
export default defineConfig({
  // The page may be served from any path.
  base: './',
  publicDir: false,
  plugins: [shortSheets(), workerBelowScripts(fileURLToPath(new URL('dist/lib/worker.js', import.meta.url)))],
  build: {
    target: 'es2023',
    outDir: 'dist/page',
    emptyOutDir: true,
    // Inlined by the browsers that have WebGPU; its polyfill would be a script of its own.
    modulePreload: { polyfill: false },
    // Every file is a file: the page's policy allows no `data:` scripts.
    assetsInlineLimit: 0,
  },
});
