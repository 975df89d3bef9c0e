import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { ROOT } from './paths.mjs';
import { prepack } from './prepack.mjs';

it('packs nothing without what is built and the kernels of every GPU', async () => {
  const said = vi.spyOn(console, 'error').mockImplementation(() => {});
  /** @type {string[]} */
  const ran = [];
  const run = (/** @type {string} */ broken) => async (/** @type {string} */ script) => {
    ran.push(script);
    return { code: script === broken ? 7 : 0 };
  };
  expect(await prepack(run(''))).toBe(0);
  expect(ran).toEqual(['scripts/build.mjs', 'scripts/hip.mjs']);
  expect(said).not.toHaveBeenCalled();
  expect(await prepack(run('scripts/build.mjs'))).toBe(7);
  expect(await prepack(run('scripts/hip.mjs'))).toBe(7);
  expect(said.mock.calls.flat().join()).toContain('"node scripts/hip.mjs" failed');
  said.mockRestore();
});

it('is what npm runs before it packs', () => {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  expect(scripts.prepack).toBe('exec node scripts/prepack.mjs');
});
