import { errorToData } from '../../src/base/errors';
import type { Device } from '../../src/device/device';
import { MATMUL_VARIANTS } from '../../src/kernels/matmul';
import { MATVEC_VARIANTS } from '../../src/kernels/matvec';
import { SelfTest } from '../../src/models/self-test';
import { QUANT_FORMATS } from '../../src/quant/registry';
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

/** Of each block format, the shapes of kernels that are not those of the CPU; none is what is wanted. */
export type ProbedKernels = Readonly<Record<string, readonly string[]>>;

const TASKS: Readonly<Record<ProbeTask, (device: Device, formats: readonly string[]) => Promise<unknown>>> = {
  device: (device) => Promise.resolve(describe(device)),
  'self-test': selfTest,
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
    const wanted = formats === '' ? QUANT_FORMATS.map(({ type }) => type) : formats.split(',');
    const answer = await TASKS[task as ProbeTask](device, wanted);
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

async function selfTest(device: Device, formats: readonly string[]): Promise<ProbedKernels> {
  const matvecs = MATVEC_VARIANTS.filter((variant) => variant !== 'subgroup' || device.limits.subgroups);
  const wrong: Record<string, string[]> = {};
  for (const format of QUANT_FORMATS.filter(({ type }) => formats.includes(type))) {
    await say({ doing: `testing the kernels of ${format.type}` });
    const test = new SelfTest(device, format);
    try {
      const right = await test.right({ matvecs, matmuls: MATMUL_VARIANTS });
      wrong[format.type] = [
        ...matvecs.filter((variant) => !right.matvecs.includes(variant)).map((variant) => `matvec ${variant}`),
        ...MATMUL_VARIANTS.filter((variant) => !right.matmuls.includes(variant)).map((variant) => `matmul ${variant}`),
      ];
    } finally {
      test.free();
    }
  }
  return wrong;
}
