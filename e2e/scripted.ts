import { fileURLToPath } from 'node:url';
import type { BrowserContext } from '@playwright/test';
import { build } from 'vite';

let script: Promise<string> | null = null;

/**
 * Puts a scripted engine in place of the built worker, for all pages of `context`: what the page, the client and the store do is real, what the
 * model answers is decided by the question (`scripted/scripted-answer.ts`). No GPU is used. Service workers fetch by themselves: a test that
 * allows them gets the script through `context.route` only as long as they have not kept the real one.
 */
export async function useScriptedEngine(context: BrowserContext): Promise<void> {
  script ??= bundleWorker();
  const body = await script;
  await context.route('**/worker.js', (route) =>
    route.fulfill({ body, contentType: 'text/javascript', headers: { 'access-control-allow-origin': '*' } }),
  );
}

async function bundleWorker(): Promise<string> {
  const built = await build({
    configFile: false,
    root: fileURLToPath(new URL('..', import.meta.url)),
    logLevel: 'warn',
    publicDir: false,
    build: {
      write: false,
      target: 'es2023',
      lib: {
        entry: fileURLToPath(new URL('scripted/worker.ts', import.meta.url)),
        formats: ['es'],
        fileName: 'worker',
      },
      rolldownOptions: { output: { codeSplitting: false } },
    },
  });
  const [output] = Array.isArray(built) ? built : [built];
  const chunk = output !== undefined && 'output' in output ? output.output[0] : undefined;
  if (chunk?.type !== 'chunk') throw new Error('The scripted worker was not bundled.');
  return chunk.code;
}
