import { errorToData } from '../../src/base/errors';
import type { Device } from '../../src/device/device';
import { QUANT_FORMATS } from '../../src/quant/registry';
import { selfTestProblems } from '../hip/selftest';
import { guardParent } from './guard-parent';
import type { DeviceChoice } from './ipc';
import { openDevice } from './open-device';
import type { ProbeLine, ProbeTask } from './run-probe';

/** What a device is, as a probe tells it. */
export interface ProbedDevice {
  readonly kind: string;
  readonly name: string;
  readonly features: readonly string[];
  readonly build: string;
}

/** What each task answers. `self-test`: what the device computes otherwise than the CPU, a sentence each. */
const TASKS: Readonly<Record<ProbeTask, (device: Device, formats: readonly string[]) => Promise<unknown>>> = {
  device: (device) => Promise.resolve(describe(device)),
  async 'self-test'(device, formats) {
    await say({ doing: 'testing the kernels' });
    const linearFormats = QUANT_FORMATS.filter(({ type }) => formats.includes(type));
    return selfTestProblems(device, linearFormats.length === 0 ? {} : { linearFormats });
  },
};

const say = (line: ProbeLine): Promise<void> =>
  new Promise((resolve) => process.stdout.write(`${JSON.stringify(line)}\n`, () => resolve()));

/** The process for what may end one. It says what it is about to do, so that whoever reads knows what ended it. */
export async function runProbeProcess(): Promise<never> {
  guardParent(process.ppid);
  const [, , , task = 'device', choice = 'auto', formats = ''] = process.argv;
  try {
    await say({ doing: `opening ${choice}` });
    const device = await openDevice(choice as DeviceChoice);
    const answer = await TASKS[task as ProbeTask](device, formats === '' ? [] : formats.split(','));
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
