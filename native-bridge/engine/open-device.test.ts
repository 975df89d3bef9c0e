import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import { withOverrides } from '../../test/support/load-zoo';
import { createReferenceDevice } from '../../src/device/reference/reference-device';
import { writeSelfTest, type SelfTestRecord } from '../state/self-test-file';
import { requireProven } from './open-device';

const TESTED = { name: 'Radeon', features: ['wave32'], build: 'k1' };
const PASSED: SelfTestRecord = { device: 'Radeon', features: ['wave32'], build: 'k1', problems: [], formats: {} };

async function asked(record: SelfTestRecord | null, kind: 'hip' | 'reference' = 'hip') {
  const folder = await mkdtemp(join(tmpdir(), 'forgelight-proven-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  if (record !== null) await writeSelfTest(folder, record);
  const close = vi.fn<() => void>();
  const device = withOverrides(createReferenceDevice(), { ...TESTED, kind, close });
  return { device, close, answer: requireProven(device, folder) };
}

it('a GPU answers that has passed its self-test with this driver and these kernels, and the CPU without one', async () => {
  for (const [record, kind] of [
    [PASSED, 'hip'],
    [null, 'reference'],
  ] as const) {
    const { device, close, answer } = await asked(record, kind);
    expect(await answer).toBe(device);
    expect(close).not.toHaveBeenCalled();
  }
});

it.each<[string, SelfTestRecord | null, string]>([
  ['was never tested', null, 'has not been tested'],
  ['has other kernels', { ...PASSED, build: 'k0' }, 'has not been tested'],
  ['has another driver', { ...PASSED, features: ['wave64'] }, 'has not been tested'],
  ['is another one', { ...PASSED, device: 'Other' }, 'has not been tested'],
  ['computes wrongly', { ...PASSED, problems: ['argmax: other sums'] }, 'computes wrongly: argmax: other sums'],
])('a GPU that %s answers nothing, and is let go', async (_, record, why) => {
  const { close, answer } = await asked(record);
  await expect(answer).rejects.toMatchObject({ code: 'missing-feature', message: expect.stringContaining(why) });
  expect(close).toHaveBeenCalledOnce();
});
