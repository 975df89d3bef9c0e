import { afterAll, beforeAll, describe } from 'vitest';
import type { Device } from '../../src/device/device';
import { describeMatvec } from '../../test/kernels/linear-cases';
import { describeRmsnorm } from '../../test/kernels/row-cases';
import type { DeviceOf } from '../../test/kernels/suite';
import { openSimulator, type Simulated } from '../sim/testing/open-simulator';

/** The parts of the common suite that run on HIP: a line for each kernel. */
const CASES: readonly ((deviceOf: DeviceOf) => void)[] = [
  describeRmsnorm,
  (deviceOf) => describeMatvec(deviceOf, ['rows', 'lanes']),
];

const SIMULATED: readonly Simulated[] = [
  { wave: 32, seed: 1 },
  { wave: 64, seed: 2 },
];

describe.each(SIMULATED)('HIP kernels on the simulator, wave $wave, seed $seed', (simulated) => {
  let device: Device | null = null;
  beforeAll(async () => {
    device = await openSimulator(simulated);
  });
  afterAll(() => device?.close());
  const deviceOf = (): Device => {
    if (device === null) throw new Error('the device is opened before the tests');
    return device;
  };
  for (const cases of CASES) cases(deviceOf);
});
