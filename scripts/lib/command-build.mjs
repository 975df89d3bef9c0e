import { join } from 'node:path';
import { ROOT } from './paths.mjs';

/**
 * How the command `forgelight` is built: one file for Node, with all that it imports inside. Only what loads native libraries stays outside,
 * which is fetched when it is used and may be missing.
 * @param {{ outDir: string, entry?: string, fileName?: string }} options `entry`: a path in the repository
 * @returns {import('vite').InlineConfig}
 */
export function commandBuild({ outDir, entry = 'native-bridge/main.ts', fileName = 'forgelight.js' }) {
  return {
    configFile: false,
    root: ROOT,
    logLevel: 'warn',
    publicDir: false,
    ssr: { noExternal: true, external: ['koffi'] },
    build: {
      target: 'node20',
      ssr: join(ROOT, entry),
      outDir,
      emptyOutDir: false,
      rolldownOptions: { output: { codeSplitting: false, entryFileNames: fileName } },
    },
  };
}
