import { ForgelightError } from '../../src/base/errors';
import type { Device } from '../../src/device/device';
import type { QuantFormat } from '../../src/quant/format';
import { runSelfTest, selfTestSteps, type SelfTestFindings } from '../hip/selftest';
import { fewOf, readSelfTest, recordOf, writeSelfTest } from '../state/self-test-file';

/**
 * Lets a model be loaded whose block formats the GPU computes rightly; those that have never been are tested now, and what came of it is remembered. Throws
 * `missing-feature` that names the others: their answers would be wrong. Other devices are not asked.
 */
export async function proveFormats(
  device: Device,
  formats: readonly QuantFormat[],
  stateFolder: string,
): Promise<void> {
  if (device.kind !== 'hip') return;
  const record = recordOf(device, await readSelfTest(stateFolder));
  const before = record?.formats ?? {};
  const untested = formats.filter(({ type }) => before[type] === undefined);
  const found = await findings(device, untested);
  if (record !== null && untested.length > 0) {
    await writeSelfTest(stateFolder, { ...record, formats: { ...before, ...found } });
  }
  const known = { ...before, ...found };
  const wrong = formats.filter(({ type }) => (known[type] ?? []).length > 0);
  if (wrong.length === 0) return;
  const types = wrong.map(({ type }) => type);
  const reasons = types.flatMap((type) => known[type] ?? []);
  throw new ForgelightError(
    'missing-feature',
    `${device.name} computes wrongly with weights in ${types.join(', ')}, which this model has (${fewOf(reasons)}). Choose the model in another format, or install a newer driver and test again: forgelight selftest.`,
  );
}

async function findings(device: Device, formats: readonly QuantFormat[]): Promise<SelfTestFindings['formats']> {
  if (formats.length === 0) return {};
  return (await runSelfTest(device, selfTestSteps(device.limits, { cases: [], formats }))).formats;
}
