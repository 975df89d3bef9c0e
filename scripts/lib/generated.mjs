import { runNode, SetupError } from './command.mjs';
import { generateFrameworkTypes } from './framework-types.mjs';

/**
 * Writes the sources that are made of other files, which compiler, linter and tests need to be there.
 * @param {AbortSignal} signal
 */
export async function generateSources(signal) {
  const { code } = await runNode(['scripts/shaders.mjs'], { signal });
  await generateFrameworkTypes();
  if (code !== 0) throw new SetupError('The shaders could not be linked: the linker said why above.');
}
