// `npm start`: sets up what is missing, builds the chat page and serves it.
import { readNoOptions, reasonOf, runNode, runScript, SetupError } from './lib/command.mjs';
import { ensureDependencies } from './lib/install.mjs';
import { ensureDefaultModel } from './model.mjs';
import { serve, SERVE_USAGE } from './serve.mjs';

await runScript(async (signal) => {
  readNoOptions(SERVE_USAGE);
  await ensureDependencies(signal);
  await getModel(signal);
  const { code } = await runNode(['scripts/build.mjs'], { signal });
  if (code !== 0) throw new SetupError('The page could not be built: the builder said why above.');
  await serve(signal);
  return 0;
}, 0);

/**
 * Without the default model the page still works, with a file or an address of the user's own: say so and go on.
 * @param {AbortSignal} signal
 */
async function getModel(signal) {
  try {
    await ensureDefaultModel(signal);
  } catch (error) {
    if (signal.aborted || !(error instanceof SetupError)) throw error;
    console.error(`\n${reasonOf(error)}\nGoing on without it: the page can open a GGUF file or an address of yours.\n`);
  }
}
