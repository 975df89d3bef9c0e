import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { requireWritable } from './writable-folder';

it('makes a folder, and says where that cannot be', async () => {
  const above = await mkdtemp(join(tmpdir(), 'forgelight-folder-'));
  try {
    const folder = join(above, 'forgelight/models');
    await requireWritable(folder, 'FORGELIGHT_MODELS');
    await requireWritable(folder, 'FORGELIGHT_MODELS');
    expect((await stat(folder)).isDirectory()).toBe(true);
    await writeFile(join(above, 'file'), '');
    await expect(requireWritable(join(above, 'file/models'), 'FORGELIGHT_MODELS')).rejects.toMatchObject({
      code: 'invalid-request',
      param: 'FORGELIGHT_MODELS',
      message: expect.stringMatching(
        /file\/models cannot be written to \(ENOTDIR\)\..* another folder: FORGELIGHT_MODELS/,
      ),
    });
  } finally {
    await rm(above, { recursive: true });
  }
});

it.each(['make', 'tryWrite'] as const)('knows a sandbox that is older than the folder: %s', async (step) => {
  const fails = (): Promise<never> => Promise.reject(Object.assign(new Error('read-only'), { code: 'EROFS' }));
  const passes = (): Promise<void> => Promise.resolve();
  await expect(
    requireWritable('/x/models', 'FORGELIGHT_MODELS', { make: passes, tryWrite: passes, [step]: fails }),
  ).rejects.toThrow('/x/models cannot be written to (EROFS). It is read-only here');
});
