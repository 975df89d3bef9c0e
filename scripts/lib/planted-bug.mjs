import { join } from 'node:path';
import { ROOT } from './paths.mjs';

/** @typedef {{ file: string, find: string, replace: string }} Replacement */

/**
 * Gives everyone who imports `file` its text with one mistake in it; the file itself stays as it is. Fails where the
 * text to replace is not there, or more than once: the code has changed, and the mistake has to be put into it anew.
 * @param {Replacement} bug
 * @returns {import('vite').Plugin}
 */
export function plantedBug({ file, find, replace }) {
  return {
    name: 'forgelight-planted-bug',
    enforce: 'pre',
    transform(code, id) {
      if (id !== join(ROOT, file)) return null;
      const count = code.split(find).length - 1;
      if (count !== 1) throw new Error(`${file} has ${count} places like this, instead of one:\n${find}`);
      return { code: code.replace(find, () => replace), map: null };
    },
  };
}
