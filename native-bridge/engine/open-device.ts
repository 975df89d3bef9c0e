import { dirname } from 'node:path';
import { unreachable } from '../../src/base/assert';
import { ForgelightError } from '../../src/base/errors';
import type { Device } from '../../src/device/device';
import { createReferenceDevice } from '../../src/device/reference/reference-device';
import { readSelfTest, verdictOn } from '../state/self-test-file';
import type { DeviceChoice } from './ipc';

/**
 * Opens what computes. For an engine process or a probe alone: a GPU's library may end the process that loads it. Throws `no-adapter`,
 * `missing-feature` and `device-lost` of the GPU; never takes the CPU where that was not asked for. `profile`: as HipDeviceOptions has it.
 */
export async function openDevice(choice: DeviceChoice, profile = false): Promise<Device> {
  switch (choice) {
    case 'reference':
      return takingTurns(createReferenceDevice());
    case 'hip':
    case 'auto': {
      const [{ openHipDevice }, { installedCodeObjects }] = await Promise.all([
        import('../hip/open-hip-device'),
        import('../hip/code-objects'),
      ]);
      const { env, platform, argv } = process;
      const objects = await installedCodeObjects(env, dirname(argv[1] ?? '.'));
      if (objects.targets.length === 0) throw noKernels();
      return openHipDevice({ env, platform, objects, profile });
    }
    default:
      return unreachable(choice);
  }
}

/** The same for answers: a GPU that has not passed its self-test, with this driver and these kernels, is refused with `missing-feature`. */
export async function openProvenDevice(choice: DeviceChoice, stateFolder: string, profile: boolean): Promise<Device> {
  return requireProven(await openDevice(choice, profile), stateFolder);
}

/** The device, which is closed where it is refused. */
export async function requireProven(device: Device, stateFolder: string): Promise<Device> {
  if (device.kind !== 'hip') return device;
  const verdict = verdictOn(device, await readSelfTest(stateFolder));
  if (verdict.is === 'passed') return device;
  device.close();
  const reason =
    verdict.is === 'never'
      ? 'has not been tested with this driver and these kernels. Test it: forgelight selftest'
      : `computes wrongly: ${verdict.reason}. Install a newer driver and test it again: forgelight selftest`;
  throw new ForgelightError('missing-feature', `${device.name} ${reason}`);
}

/** It computes inside of `submit`, and what it promises is there at once: without a turn for others no message would be read before an answer's end. */
export function takingTurns(device: Device): Device {
  const compute = device.submit.bind(device);
  return Object.assign(device, {
    submit: async (...step: Parameters<Device['submit']>) => {
      const bytes = await compute(...step);
      await new Promise((resolve) => setImmediate(resolve));
      return bytes;
    },
  });
}

function noKernels(): ForgelightError {
  return new ForgelightError(
    'missing-feature',
    'This installation of Forgelight has no kernels for AMD GPUs. Install the package again, or in a checkout compile them: node scripts/hip.mjs. --device reference answers on the CPU, slowly.',
  );
}
