import { ForgelightError } from '../../src/base/errors';
import type { CodeObjects } from './code-objects';
import { chooseGpu, type HipGpu } from './gpu-choice';
import { HipApi, HipError } from './hip-api';
import { HipDevice } from './hip-device';
import { openHipLibrary } from './hip-library';
import { listGpus } from './list-gpus';

export interface HipOptions {
  /** The process's: ROCm's own variables and FORGELIGHT_HIP_LIBRARY. */
  readonly env: NodeJS.ProcessEnv;
  readonly platform: NodeJS.Platform;
  readonly objects: CodeObjects;
  /** As `HipDeviceOptions` has it. */
  readonly profile?: boolean;
}

/** What the simulator says it is: its code objects are shared objects of this host. */
const SIMULATED_GFX = 'gfx0';
const SIMULATED_TARGET = 'sim';

function targetOf(gfx: string): string {
  return gfx === SIMULATED_GFX ? SIMULATED_TARGET : gfx;
}

/**
 * Opens the AMD GPU of this computer. Throws `no-adapter` where there is no runtime or no GPU, `missing-feature` for one that there are no kernels
 * for, `device-lost` where HIP fails.
 */
export async function openHipDevice({ env, platform, objects, profile = false }: HipOptions): Promise<HipDevice> {
  const api = new HipApi(await openHipLibrary(env, platform));
  try {
    const gpu = chooseGpu(listGpus(api), objects.targets, env);
    if (gpu === null) {
      throw new ForgelightError(
        'no-adapter',
        'AMD’s runtime sees no GPU. On Linux the user must be in the groups render and video, and a container needs --device /dev/kfd --device /dev/dri; HSA_OVERRIDE_GFX_VERSION and HIP_VISIBLE_DEVICES must not be set to nothing. "forgelight doctor" looks at each of these.',
      );
    }
    requireKernels(gpu, objects);
    return new HipDevice(api, gpu, { objects, target: targetOf(gpu.gfx), profile });
  } catch (error) {
    if (!(error instanceof HipError)) throw error;
    throw new ForgelightError(
      'device-lost',
      `AMD’s runtime does not work here: ${error.message}. "forgelight doctor" looks for the reason.`,
      {
        cause: error,
      },
    );
  }
}

function requireKernels({ name, gfx }: HipGpu, { targets }: CodeObjects): void {
  if (targets.includes(targetOf(gfx))) return;
  throw new ForgelightError(
    'missing-feature',
    `Forgelight has no kernels for ${name} (${gfx || 'of an unknown architecture'}); it has them for ${targets.join(', ')}. Use the browser’s own WebGPU, which this GPU has too.`,
  );
}
