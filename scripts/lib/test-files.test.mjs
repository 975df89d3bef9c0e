import { readdirSync } from 'node:fs';
import { join, matchesGlob } from 'node:path';
import { expect, it } from 'vitest';
import config from '../../vitest.config.mjs';
import { ROOT } from './paths.mjs';

/** @typedef {{ name: string, include: string[], exclude?: string[] }} Suite */
/** @type {Suite[]} */
const suites = (config.test?.projects ?? []).map((project) => /** @type {{ test: Suite }} */ (project).test);

/** @param {string} file @param {readonly string[]} globs */
function matches(file, globs) {
  return globs.some((glob) => matchesGlob(file, glob));
}

it('every test is in one suite, and what runs in Firefox in its own, whether Chromium runs it too or not', () => {
  const tests = ['src', 'test', 'native-bridge', 'scripts', 'bench/peers'].flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
      .map((name) => `${folder}/${name.replaceAll('\\', '/')}`)
      .filter((file) => /\.test\.(?:ts|mjs)$/.test(file) && !file.includes('node_modules')),
  );
  expect(tests.length).toBeGreaterThan(300);
  const wrong = tests.filter((file) => {
    const found = suites.filter(({ include, exclude = [] }) => matches(file, include) && !matches(file, exclude));
    const others = found.filter(({ name }) => name !== 'firefox');
    return file.startsWith('test/firefox/') ? found.length !== 1 || others.length > 0 : others.length !== 1;
  });
  expect(wrong).toEqual([]);
});
