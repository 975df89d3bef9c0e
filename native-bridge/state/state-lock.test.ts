import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { lockState } from './state-lock';

it('makes the folder of the state for nobody else: it comes before all that lies in it', async () => {
  const above = await mkdtemp(join(tmpdir(), 'forgelight-lock-'));
  try {
    const folder = join(above, 'state/forgelight');
    const lock = await lockState(folder, AbortSignal.timeout(5_000));
    lock.release();
    expect((await stat(folder)).mode & 0o777).toBe(0o700);
  } finally {
    await rm(above, { recursive: true });
  }
});

it('says which variable names another folder, where nothing can be written', async () => {
  const above = await mkdtemp(join(tmpdir(), 'forgelight-lock-'));
  try {
    await writeFile(join(above, 'file'), '');
    for (const folder of [join(above, 'file/state'), join(above, 'file')]) {
      await expect(lockState(folder, AbortSignal.timeout(5_000))).rejects.toMatchObject({
        code: 'invalid-request',
        message: expect.stringMatching(/cannot be written to \(ENOTDIR\)\..* another folder: FORGELIGHT_STATE/),
      });
    }
  } finally {
    await rm(above, { recursive: true });
  }
});
