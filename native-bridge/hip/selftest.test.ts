import { describe, expect, it } from 'vitest';
import { ForgelightError } from '../../src/base/errors';
import { QUANT_FORMATS } from '../../src/quant/registry';
import { Q4_K } from '../../src/quant/q4_k';
import { Q6_K } from '../../src/quant/q6_k';
import { Q8_0 } from '../../src/quant/q8_0';
import { RecordingDevice } from '../../test/support/recording-device';
import { kernelOf } from './hip-plan';
import { KERNEL_TABLE } from './kernel-table';
import { runSelfTest, selfTestSteps, type SelfTestStep } from './selftest';
import { instanceNames } from './testing/instance-names';

const LIMITS = { packedDot: true };

/** What the steps run, as `unit/kernel`, on a device that computes nothing. */
async function kernelsOf(steps: readonly SelfTestStep[]): Promise<ReadonlySet<string>> {
  const device = new RecordingDevice({ subgroups: true }, 'hip');
  for (const step of steps) await step.problems(device, device);
  const dispatches = device.submits.flatMap((submit) => submit.steps.flatMap(({ plan }) => plan.dispatches));
  return new Set(dispatches.map((dispatch) => Object.values(kernelOf(dispatch) ?? {}).join('/')));
}

describe('the self-test', () => {
  it('leaves out no kernel of the table, in any instance', async () => {
    const ran = await kernelsOf(selfTestSteps(LIMITS, { formats: [Q8_0] }));
    const there = Object.entries(KERNEL_TABLE).flatMap(([shader, entry]) =>
      instanceNames(shader, entry).map((name) => `${entry.object === 'core' ? 'core' : Q8_0.module}/${name}`),
    );
    expect([...ran].sort()).toEqual(there.sort());
  });

  it('does the same with every block format, and rounds where the format and the device have bytes', () => {
    const namesOf = (packedDot: boolean, format = Q8_0): string[] =>
      selfTestSteps({ packedDot }, { cases: [], formats: [format] }).map(({ name, format: type }) => {
        expect(type).toBe(format.type);
        return name.replace(format.type, 'FORMAT');
      });
    const exact = namesOf(false);
    expect(namesOf(true).filter((name) => !exact.includes(name))).toEqual(
      [
        'qkv_int8-rows',
        'qkv_int8-lanes',
        'matvec_int8-rows',
        'matvec_int8-lanes',
        'batches of int8-rows',
        'batches of int8-lanes',
      ].map((name) => `${name} of FORMAT`),
    );
    for (const format of QUANT_FORMATS) expect(namesOf(true, format)).toEqual(format.inBytes ? namesOf(true) : exact);
  });

  it('goes on where something is refused, ends where the device is lost, and tells what is wrong of which format', async () => {
    const step = (name: string, format: string | null, problems: SelfTestStep['problems']): SelfTestStep => ({
      name,
      format,
      problems,
    });
    const refuse = (code: 'missing-feature' | 'device-lost') => () =>
      Promise.reject(new ForgelightError(code, 'It is not there.'));
    const steps = [
      step('glu', null, () => Promise.resolve(['glu: wrong'])),
      step('embed of Q4_K', Q4_K.type, () => Promise.resolve(['embed of Q4_K: wrong'])),
      step('embed of Q6_K', Q6_K.type, refuse('missing-feature')),
      step('embed of Q8_0', Q8_0.type, () => Promise.resolve([])),
    ];
    const seen: string[] = [];
    const device = new RecordingDevice();
    const findings = await runSelfTest(device, steps, ({ name }, i) => void seen.push(`${i} ${name}`));
    expect(findings).toEqual({
      problems: ['glu: wrong', 'embed of Q4_K: wrong'],
      formats: { Q4_K: ['embed of Q4_K: wrong'], Q6_K: ['embed of Q6_K: It is not there.'], Q8_0: [] },
    });
    expect(seen).toEqual(steps.map(({ name }, i) => `${i} ${name}`));
    await expect(runSelfTest(device, [step('glu', null, refuse('device-lost'))])).rejects.toMatchObject({
      code: 'device-lost',
    });
  });
});
