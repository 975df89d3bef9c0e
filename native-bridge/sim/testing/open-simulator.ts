import * as koffi from 'koffi';
import type { CodeObjects } from '../../hip/code-objects';
import type { HipDevice } from '../../hip/hip-device';
import { memoryOf } from '../../hip/hip-memory';
import { openHipDevice } from '../../hip/open-hip-device';
import { simulatorLibrary, simulatorObjects } from './simulator';

export interface Simulated {
  /** Threads of a subgroup. */
  readonly wave: 32 | 64;
  /** Of the order of workgroups and threads; odd: memory ends at a forbidden page, even: it begins at one. */
  readonly seed: number;
  /** Of the device: to measure its kernels. */
  readonly profile?: boolean;
}

/** The simulator in this process, and what tests do to it. */
export async function useSimulator({ wave, seed }: Simulated): Promise<{
  readonly path: string;
  /** The function of HIP fails from now on. */
  readonly plant: (name: string) => void;
  readonly limitMemory: (sizeBytes: number) => void;
  /** What messages call the memory that begins there. */
  readonly nameMemory: (pointer: bigint, name: string) => void;
  readonly setDevices: (count: number, firstIntegrated: boolean) => void;
}> {
  const path = await simulatorLibrary();
  const library = koffi.load(path);
  library.func('void simConfigure(uint32_t wave, uint32_t seed)')(wave, seed);
  const plant = library.func('void simPlant(const char *name)');
  const limitMemory = library.func('void simLimitMemory(uint64_t bytes)');
  const nameMemory = library.func('void simNameMemory(uintptr_t memory, const char *name)');
  const setDevices = library.func('void simDevices(int count, int first_integrated)');
  return {
    path,
    plant: (name) => plant(name),
    nameMemory: (pointer, name) => nameMemory(pointer, name),
    limitMemory: (sizeBytes) => limitMemory(sizeBytes),
    setDevices: (count, firstIntegrated) => setDevices(count, firstIntegrated ? 1 : 0),
  };
}

/** A HIP device over the simulator, which knows what buffers are called. The caller closes it. */
export async function openSimulator(
  simulated: Simulated,
  objects: CodeObjects = simulatorObjects(),
): Promise<HipDevice> {
  const { path, nameMemory } = await useSimulator(simulated);
  const { profile = false } = simulated;
  const env = { FORGELIGHT_HIP_LIBRARY: path };
  const device = await openHipDevice({ env, platform: 'linux', objects, profile });
  const createBuffer = device.createBuffer.bind(device);
  device.createBuffer = (label, sizeBytes) => {
    const buffer = createBuffer(label, sizeBytes);
    nameMemory(memoryOf(buffer).pointer, label);
    return buffer;
  };
  return device;
}
