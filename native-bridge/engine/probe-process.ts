import { errorToData } from '../../src/base/errors';
import { systemClock } from '../../src/base/system-clock';
import type { Device } from '../../src/device/device';
import { QUANT_FORMATS } from '../../src/quant/registry';
import { measureBandwidth } from '../hip/bandwidth';
import { runSelfTest, selfTestSteps, TYPICAL_FORMATS } from '../hip/selftest';
import { fitOnDevice, type FitQuestion } from './fit-on-device';
import { guardParent } from './guard-parent';
import type { DeviceChoice } from './ipc';
import { openDevice } from './open-device';
import type { ProbeMessage, ProbeTask } from './run-probe';

/** What a device is, as a probe tells it. */
export interface ProbedDevice {
  readonly kind: string;
  readonly name: string;
  readonly features: readonly string[];
  readonly build: string;
}

/** What each task answers. `self-test`: findings. `bandwidth`: bytes a second. `fit`: a report. */
const TASKS: Readonly<
  Record<ProbeTask, (device: Device, formats: readonly string[], about: string) => Promise<unknown>>
> = {
  device: (device) => Promise.resolve(describe(device)),
  async 'self-test'(device, types) {
    const formats = QUANT_FORMATS.filter((format) => TYPICAL_FORMATS.includes(format) || types.includes(format.type));
    const steps = selfTestSteps(device.limits, { formats });
    return await runSelfTest(device, steps, ({ name, format }, done) =>
      say({ doing: `testing ${name}`, step: { what: name, format, done, of: steps.length } }),
    );
  },
  async fit(device, _formats, about) {
    await say({ doing: 'reading the model’s header' });
    return fitOnDevice(device, JSON.parse(about) as FitQuestion);
  },
  async bandwidth(device) {
    await say({ doing: 'measuring its memory' });
    return await measureBandwidth(device, systemClock);
  },
};

/** Resolves when it has been sent, or there is nobody to send it to. */
const say = (message: ProbeMessage): Promise<void> =>
  new Promise((resolve) => {
    if (process.send?.(message, undefined, undefined, () => resolve()) === undefined) resolve();
  });

/** The process for what may end one. It says what it is about to do, so that whoever reads knows what ended it. */
export async function runProbeProcess(): Promise<never> {
  guardParent(process.ppid);
  const [, , , task = 'device', choice = 'auto', formats = '', about = '{}'] = process.argv;
  try {
    await say({ doing: `opening ${choice}` });
    const device = await openDevice(choice as DeviceChoice);
    const answer = await TASKS[task as ProbeTask](device, formats === '' ? [] : formats.split(','), about);
    await say({ doing: 'closing the device' });
    device.close();
    await say({ answer });
  } catch (error) {
    await say({ error: errorToData(error, 'device-lost') });
  }
  process.exit(0);
}

function describe({ kind, name, features, build }: Device): ProbedDevice {
  return { kind, name, features, build };
}
