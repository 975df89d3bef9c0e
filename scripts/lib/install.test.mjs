import { mkdirSync, writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { useTempFolder } from '../testing/temp-folder.mjs';
import { dependencyState } from './install.mjs';

const inFolder = useTempFolder();

/** @param {string} path @param {Record<string, object>} packages */
function writeLock(path, packages) {
  writeFileSync(inFolder(path), JSON.stringify({ packages: { '': {}, ...packages } }));
}

it('takes an installed tree for fresh only when every package has the version of the lockfile', async () => {
  const root = inFolder('.');
  const [one, two] = [{ version: '1.0.0' }, { version: '2.0.0' }];
  writeLock('package-lock.json', { 'node_modules/a': one, 'node_modules/other-system': { ...one, optional: true } });
  expect(await dependencyState(root)).toBe('stale');

  mkdirSync(inFolder('node_modules'));
  expect(await dependencyState(root)).toBe('stale');
  writeLock('node_modules/.package-lock.json', { 'node_modules/a': two });
  expect(await dependencyState(root)).toBe('stale');
  writeLock('node_modules/.package-lock.json', { 'node_modules/a': one });
  expect(await dependencyState(root)).toBe('unstamped');

  writeFileSync(inFolder('node_modules/.forgelight-stamp'), 'of another lockfile');
  expect(await dependencyState(root)).toBe('stale');
});
