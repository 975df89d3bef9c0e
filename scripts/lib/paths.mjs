import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '../..');

export const PAGE_FOLDER = join(ROOT, 'dist/page');
export const LIB_FOLDER = join(ROOT, 'dist/lib');
/** Where the package's command is built. */
export const BIN_FOLDER = join(ROOT, 'dist/bin');
export const ARTIFACTS_FOLDER = join(ROOT, 'artifacts');

/** Where models live: `FORGELIGHT_MODELS`, else `models/` of this checkout. */
export function modelsFolder() {
  return resolve(ROOT, process.env.FORGELIGHT_MODELS || 'models');
}
