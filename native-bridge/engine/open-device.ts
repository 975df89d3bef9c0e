import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { unreachable } from '../../src/base/assert';
import { ForgelightError } from '../../src/base/errors';
import type { Device } from '../../src/device/device';
import { createReferenceDevice } from '../../src/device/reference/reference-device';
import type { CodeObjects, KernelManifest } from '../hip/code-objects';
import type { DeviceChoice } from './ipc';

/**
 * Opens what computes. For an engine process or a probe alone: a GPU's library may end the process that loads it. Throws `no-adapter`,
 * `missing-feature` and `device-lost` of the GPU; never takes the CPU where that was not asked for.
 */
export async function openDevice(choice: DeviceChoice): Promise<Device> {
  switch (choice) {
    case 'reference':
      return takingTurns(createReferenceDevice());
    case 'hip':
    case 'auto': {
      const { openHipDevice } = await import('../hip/open-hip-device');
      return openHipDevice({ env: process.env, platform: process.platform, objects: await codeObjects() });
    }
    default:
      return unreachable(choice);
  }
}

/** It computes inside of `submit`, and what it promises is there at once: without a turn for others no message would be read before an answer's end. */
function takingTurns(device: Device): Device {
  const compute = device.submit.bind(device);
  return Object.assign(device, {
    submit: async (...step: Parameters<Device['submit']>) => {
      const bytes = await compute(...step);
      await new Promise((resolve) => setImmediate(resolve));
      return bytes;
    },
  });
}

/** The kernels as they are published, beside the command's own file. */
async function codeObjects(): Promise<CodeObjects> {
  const folder = join(dirname(process.argv[1] ?? '.'), 'hip');
  const { folderOfCodeObjects } = await import('../hip/code-objects');
  try {
    return folderOfCodeObjects(
      folder,
      JSON.parse(await readFile(join(folder, 'manifest.json'), 'utf8')) as KernelManifest,
    );
  } catch (cause) {
    const message =
      'This installation of Forgelight has no kernels for AMD GPUs. Install the package again; --device reference answers on the CPU, slowly.';
    throw new ForgelightError('missing-feature', message, { cause });
  }
}
