import { join } from 'node:path';
import { ROOT } from './paths.mjs';
import { shortSheets } from './short-css.mjs';

/**
 * How `<forgelight-chat>` is bundled: the class, and the module that registers it, which imports the class beside it. Lit is taken as it
 * is for servers, which runs in browsers too: the class can then be imported where there is no document.
 * @param {import('vite').BuildOptions} output where it goes
 * @returns {import('vite').InlineConfig}
 */
export function elementBuild(output) {
  return {
    configFile: false,
    root: ROOT,
    logLevel: 'warn',
    publicDir: false,
    plugins: [shortSheets()],
    resolve: { conditions: ['node', 'module', 'production'] },
    build: {
      target: 'es2023',
      emptyOutDir: false,
      lib: {
        entry: { index: join(ROOT, 'src/element/index.ts'), define: join(ROOT, 'src/element/define.ts') },
        formats: ['es'],
      },
      rolldownOptions: { output: { minify: true, chunkFileNames: '[name].js' } },
      ...output,
    },
  };
}
