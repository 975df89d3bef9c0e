import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/base/system-clock';
import type { Device } from '../../src/device/device';
import type { QuantFormat } from '../../src/quant/format';
import { Q8_0 } from '../../src/quant/q8_0';
import { testLoad } from '../../test/support/load-zoo';
import { readZoo } from '../../test/support/zoo';
import { proveFormats } from '../engine/prove-formats';
import { hipBuild } from '../sim/testing/build-scripts';
import { openSimulator } from '../sim/testing/open-simulator';
import { simulatorObjects } from '../sim/testing/simulator';
import { readSelfTest, writeSelfTest } from '../state/self-test-file';
import type { CodeObjects } from './code-objects';
import { runSelfTest, selfTestSteps } from './selftest';
import { KERNEL_MISTAKES } from './testing/kernel-mistakes';
import type { TextChange } from './testing/quant-mistakes';

describe('the self-test', () => {
  it.each([32, 64] as const)('lets a GPU with %i threads a subgroup pass', async (wave) => {
    const device = await openSimulator({ wave, seed: 21 });
    const steps = selfTestSteps(device.limits, { formats: wave === 32 ? [Q8_0] : [] });
    expect((await runSelfTest(device, steps)).problems).toEqual([]);
    device.close();
  });
});

/** The kernels' text with the mistake. */
async function plant(folder: string, { file, from, to }: TextChange): Promise<string> {
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

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'forgelight-mistakes-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('a model with a block format that one kernel of the GPU has wrong', () => {
  it('is refused by that name, once it is tested and ever after', async () => {
    const own = join(folder, 'format');
    await mkdir(own);
    const from = 'vec4f(unpack4xI8(word)) * scale;';
    const file = 'quant/q8_0.hip';
    const wrong = simulatorObjects(await plant(own, { file, from, to: from.replace('scale', '-scale') }));
    const right = simulatorObjects();
    const load: CodeObjects['load'] = (target, name) =>
      (name === 'q8_0.matvec_lanes' ? wrong : right).load(target, name);
    const refused = async (): Promise<unknown> => {
      const device = await openSimulator({ wave: 32, seed: 25 }, { ...right, load });
      const host = { proveFormats: (on: Device, formats: readonly QuantFormat[]) => proveFormats(on, formats, own) };
      const options = { contextLength: 64, debug: { variants: { matvec: 'rows' } } };
      const { bytes } = await readZoo('quant-Q8_0');
      const loading = testLoad(Uint8Array.from(bytes), { device, host, options, clock: systemClock }).run();
      const error = await loading.then(
        () => null,
        (reason: unknown) => reason,
      );
      return error;
    };
    const tested = await openSimulator({ wave: 32, seed: 25 });
    const { name, features, build } = tested;
    tested.close();
    // As after a start that tests little.
    await writeSelfTest(own, { device: name, features: [...features], build, problems: [], formats: {} });
    const refusal = {
      code: 'missing-feature',
      message: expect.stringMatching(/ weights in Q8_0, which this model has \(matvec_lanes of Q8_0: other sums/),
    };
    expect(await refused()).toMatchObject(refusal);
    expect((await readSelfTest(own))?.formats['Q8_0']).toEqual(['matvec_lanes of Q8_0: other sums than the CPU’s']);
    expect(await refused()).toMatchObject(refusal);
  });
});

describe('a mistake in a kernel', () => {
  it.each(KERNEL_MISTAKES.map((mistake) => [mistake.what, mistake] as const))(
    'is noticed: %s',
    async (what, mistake) => {
      const own = join(folder, String(KERNEL_MISTAKES.findIndex((one) => one.what === what)));
      await mkdir(own);
      const objects = simulatorObjects(await plant(own, mistake));
      const device = await openSimulator({ wave: 32, seed: 23 }, objects);
      const steps = selfTestSteps(device.limits, { formats: [Q8_0] }).filter(({ name }) => name === mistake.noticedBy);
      expect(steps, 'who notices it').toHaveLength(1);
      const { problems: noticed } = await runSelfTest(device, steps).catch((error: unknown) => ({
        problems: [String(error)],
      }));
      device.close();
      expect(noticed).not.toEqual([]);
      expect(noticed.join()).toMatch(mistake.says);
    },
  );
});
