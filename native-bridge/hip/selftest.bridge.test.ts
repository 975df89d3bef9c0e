import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Q8_0 } from '../../src/quant/q8_0';
import { hipBuild } from '../sim/testing/build-scripts';
import { openSimulator } from '../sim/testing/open-simulator';
import { simulatorObjects } from '../sim/testing/simulator';
import { selfTestProblems } from './selftest';
import { SELF_TEST_CASES } from './selftest-cases';
import { KERNEL_MISTAKES, type KernelMistake } from './testing/kernel-mistakes';

describe('the self-test', () => {
  it.each([32, 64] as const)('lets a GPU with %i threads a subgroup pass', async (wave) => {
    const device = await openSimulator({ wave, seed: 21 });
    expect(await selfTestProblems(device, { linearFormats: wave === 32 ? [Q8_0] : [] })).toEqual([]);
    device.close();
  });
});

/** The kernels' text with the mistake. */
async function plant(folder: string, { file, from, to }: KernelMistake): Promise<string> {
  const { KERNELS_FOLDER } = await hipBuild();
  const kernels = join(folder, 'kernels');
  await cp(KERNELS_FOLDER, kernels, { recursive: true });
  await mkdir(join(folder, 'sim'));
  await cp(join(KERNELS_FOLDER, '../sim/kernel-abi.h'), join(folder, 'sim/kernel-abi.h'));
  const path = join(kernels, file);
  const parts = (await readFile(path, 'utf8')).split(from);
  expect(parts, `${from} is in ${file} once`).toHaveLength(2);
  await writeFile(path, parts.join(to));
  return kernels;
}

describe('a mistake in a kernel', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'forgelight-mistakes-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it.each(KERNEL_MISTAKES.map((mistake) => [mistake.what, mistake] as const))(
    'is noticed: %s',
    async (what, mistake) => {
      const own = join(folder, String(KERNEL_MISTAKES.findIndex((one) => one.what === what)));
      await mkdir(own);
      const objects = simulatorObjects(await plant(own, mistake));
      const cases = SELF_TEST_CASES.filter(({ name }) => name === mistake.noticedBy);
      expect(cases.length + (mistake.noticedBy === 'linear' ? 1 : 0), 'who notices it').toBe(1);
      const linearFormats = mistake.noticedBy === 'linear' ? [Q8_0] : [];
      const device = await openSimulator({ wave: 32, seed: 24 }, objects);
      const noticed = await selfTestProblems(device, { cases, linearFormats }).catch((error: unknown) => [
        String(error),
      ]);
      device.close();
      expect(noticed).not.toEqual([]);
      expect(noticed.join()).toMatch(mistake.says);
    },
  );
});
