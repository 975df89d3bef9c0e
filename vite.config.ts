import { fileURLToPath } from 'node:url';
import { defineConfig, type Plugin } from 'vite';

/**
 * Puts the worker beside the page's scripts. The client looks for `./worker.js` next to itself, in the library and in
 * the page alike; `scripts/build.mjs` has built it before.
 */
function workerBesideScripts(workerFile: string): Plugin {
  return {
    name: 'forgelight-worker',
    apply: 'build',
    async buildStart() {
      const source = await this.fs.readFile(workerFile, { encoding: 'utf8' });
      this.emitFile({ type: 'asset', fileName: 'assets/worker.js', source });
    },
  };
}

/** The chat page. */
export default defineConfig({
  // The page may be served from any path.
  base: './',
  publicDir: false,
  plugins: [workerBesideScripts(fileURLToPath(new URL('dist/lib/worker.js', import.meta.url)))],
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
