import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { runNode, SetupError } from './command.mjs';
import { LIB_FOLDER } from './paths.mjs';

const RELATIVE_IMPORT = /(\bfrom\s+|\bimport\s*\(\s*|\bimport\s+)(['"])(\.{1,2}\/[^'"]+)\2/g;

/**
 * Writes the package's declarations: `types/` as the compiler makes them, and one entry for each export.
 * @param {AbortSignal} signal
 */
export async function buildTypes(signal) {
  const folder = join(LIB_FOLDER, 'types');
  const { code } = await runNode(['node_modules/typescript/bin/tsc', '-p', 'tsconfig.lib.json'], { signal });
  if (code !== 0) throw new SetupError('The declarations could not be made: the compiler said why above.');
  for (const name of await readdir(folder, { recursive: true })) {
    if (name.endsWith('.d.ts')) await addExtensions(join(folder, name));
  }
  await writeFile(join(LIB_FOLDER, 'index.d.ts'), "export * from './types/client/index.js';\n");
  for (const name of ['index', 'define']) {
    await writeFile(join(LIB_FOLDER, `element/${name}.d.ts`), `export * from '../types/element/${name}.js';\n`);
  }
  for (const name of ['react', 'vue']) {
    const text = `export * from '../types/element/${name}.generated.js';\n`;
    await writeFile(join(LIB_FOLDER, `element/${name}.d.ts`), text);
  }
  await writeFile(
    join(LIB_FOLDER, 'worker.d.ts'),
    '// The worker is a script to start, not a module to import from.\nexport {};\n',
  );
}

/**
 * The sources import without extensions; Node's resolution, which a user's compiler may follow, wants them.
 * @param {string} path
 */
async function addExtensions(path) {
  const text = await readFile(path, 'utf8');
  const specifiers = new Set([...text.matchAll(RELATIVE_IMPORT)].map((match) => match[3]));
  const targets = new Map();
  for (const specifier of specifiers) {
    const isFile = await stat(join(dirname(path), `${specifier}.d.ts`)).catch(() => null);
    targets.set(specifier, isFile ? `${specifier}.js` : `${specifier}/index.js`);
  }
  const written = text.replace(
    RELATIVE_IMPORT,
    (_, lead, quote, specifier) => lead + quote + targets.get(specifier) + quote,
  );
  if (written !== text) await writeFile(path, written);
}
