import * as koffi from 'koffi';
import type { CodeObjects } from '../../hip/code-objects';
import type { HipDevice } from '../../hip/hip-device';
import { openHipDevice } from '../../hip/open-hip-device';
import { simulatorLibrary, simulatorObjects } from './simulator';

export interface Simulated {
  /** Threads of a subgroup. */
  readonly wave: 32 | 64;
  /** Of the order of workgroups and threads. */
  readonly seed: number;
}

/** The simulator in this process, and what tests do to it. */
export async function useSimulator({ wave, seed }: Simulated): Promise<{
  readonly path: string;
  /** The function of HIP fails from now on. */
  readonly plant: (name: string) => void;
  readonly limitMemory: (sizeBytes: number) => void;
  readonly setDevices: (count: number, firstIntegrated: boolean) => void;
}> {
  const path = await simulatorLibrary();
  const library = koffi.load(path);
  library.func('void simConfigure(uint32_t wave, uint32_t seed)')(wave, seed);
  const plant = library.func('void simPlant(const char *name)');
  const limitMemory = library.func('void simLimitMemory(uint64_t bytes)');
  const setDevices = library.func('void simDevices(int count, int first_integrated)');
  return {
    path,
    plant: (name) => plant(name),
    limitMemory: (sizeBytes) => limitMemory(sizeBytes),
    setDevices: (count, firstIntegrated) => setDevices(count, firstIntegrated ? 1 : 0),
  };
}

/** A HIP device over the simulator. The caller closes it. */
export async function openSimulator(
  simulated: Simulated,
  objects: CodeObjects = simulatorObjects(),
): Promise<HipDevice> {
  const { path } = await useSimulator(simulated);
  return await openHipDevice({ env: { FORGELIGHT_HIP_LIBRARY: path }, platform: 'linux', objects });
}
