import { mkdtemp, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { makeFolder } from './durable';

async function tempFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'forgelight-durable-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

it('makes a folder with those above it, once', async () => {
  const above = await tempFolder();
  const folder = join(above, 'a/b/c');
  await Promise.all([makeFolder(folder, 0o700), makeFolder(folder, 0o700)]);
  await makeFolder(folder);
  expect((await stat(folder)).mode & 0o777).toBe(0o700);
  expect(await readdir(above)).toEqual(['a']);
});

it('takes a link to a folder for one', async () => {
  const above = await tempFolder();
  await makeFolder(join(above, 'real'));
  await symlink(join(above, 'real'), join(above, 'link'));
  await makeFolder(join(above, 'link/x'));
  await makeFolder(join(above, 'link'));
  expect(await readdir(join(above, 'real'))).toEqual(['x']);
});

it('fails where a file is in the way, or a link that leads nowhere', async () => {
  const above = await tempFolder();
  await writeFile(join(above, 'file'), '');
  await symlink('/nowhere/at/all', join(above, 'link'));
  for (const path of ['file', 'file/x', 'link', 'link/x']) {
    await expect(makeFolder(join(above, path))).rejects.toMatchObject({ code: expect.stringMatching(/^E/) });
  }
});

it('ends where a file system says of every new name that it is not there: Node’s own way asks for ever', async () => {
  await expect(makeFolder('/proc/forgelight/models')).rejects.toMatchObject({ code: expect.stringMatching(/^E/) });
});
