import { unreachable } from '../../src/base/assert';
import { ForgelightError } from '../../src/base/errors';
import type { Device } from '../../src/device/device';
import { createReferenceDevice } from '../../src/device/reference/reference-device';
import type { DeviceChoice } from './ipc';

/** Opens what computes. For an engine process or a probe alone: a GPU's library may end the process that loads it. Throws `no-adapter`. */
export async function openDevice(choice: DeviceChoice): Promise<Device> {
  switch (choice) {
    case 'reference':
      return createReferenceDevice();
    case 'hip':
    case 'auto':
      throw new ForgelightError(
        'no-adapter',
        'This version cannot use AMD GPUs yet. --device reference answers on the CPU, slowly; --upstream URL passes requests on to another server.',
      );
    default:
      return unreachable(choice);
  }
}
