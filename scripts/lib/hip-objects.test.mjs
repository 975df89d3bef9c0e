import { readFileSync, writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { useTempFolder } from '../testing/temp-folder.mjs';
import { installedObjects, objectHash, writeInstalled, writeObject } from './hip-objects.mjs';

const inFolder = useTempFolder();
const bytesOf = (/** @type {string} */ text) => new TextEncoder().encode(text);

it('takes for installed what has the hash: not what is left of older kernels, of half a write, or of nothing', async () => {
  const folder = inFolder('hip');
  const hash = objectHash(bytesOf('new'));
  const wanted = { gfx1: { core: hash, q8_0: hash, q4_0: hash }, gfx2: { core: hash } };
  await writeObject(folder, 'gfx1', 'core', bytesOf('new'));
  await writeObject(folder, 'gfx1', 'q8_0', bytesOf('old'));
  await writeObject(folder, 'gfx1', 'q4_0', bytesOf('new'));
  writeFileSync(inFolder('hip/gfx1/q4_0.co.br'), readFileSync(inFolder('hip/gfx1/q4_0.co.br')).subarray(0, 4));
  expect(await installedObjects(folder, wanted)).toEqual({ gfx1: { core: hash } });

  // The command reads it, and so knows no GPU that it has nothing for.
  expect(await writeInstalled(folder, wanted)).toBe(3);
  expect(JSON.parse(readFileSync(inFolder('hip/manifest.json'), 'utf8'))).toEqual({
    objects: { gfx1: { core: hash } },
  });
});
