import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { StoreFullError } from '../../src/store/store-files';
import { writePrivate } from './private-file';

it('is written for nobody else to read, and leaves nothing beside it', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'forgelight-private-'));
  try {
    const path = join(folder, 'state/access.json');
    for (const value of [1, 2]) await writePrivate(path, { value });
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect((await stat(join(folder, 'state'))).mode & 0o777).toBe(0o700);
    expect(await readdir(join(folder, 'state'))).toEqual(['access.json']);
  } finally {
    await rm(folder, { recursive: true });
  }
});

it('says where there is no room, and which variable names another folder', async () => {
  const full = (): Promise<never> => Promise.reject(new StoreFullError('The disk is full.'));
  await expect(writePrivate('/s/access.json', {}, full)).rejects.toMatchObject({
    code: 'quota-exceeded',
    message: 'There is no room for /s/access.json. Free some disk space, or name another folder: FORGELIGHT_STATE.',
  });
});
