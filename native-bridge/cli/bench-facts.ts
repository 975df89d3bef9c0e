import { cpus, release, totalmem } from 'node:os';
import type { KernelTime } from '../../src/base/counters';
import { ForgelightError } from '../../src/base/errors';
import { nodeMachine } from '../doctor/machine';
import { readTopology } from '../doctor/topology';
import { hipBandwidth, hipDevice, type AskHip } from './ask-hip';
import type { CliHost } from './run-cli';

/** The computer, without anything that is its owner's. */
export interface SystemFacts {
  readonly system: {
    readonly platform: string;
    readonly kernel: string;
    readonly cpu: string;
    readonly memoryBytes: number;
  };
  readonly gpus: readonly string[];
  /** Version of the kernel's driver; `null` where it does not tell. */
  readonly amdgpu: string | null;
}

/** What AMD's runtime says of the GPU that answered. */
export interface HipFacts {
  readonly name: string;
  /** Its architecture and the runtime's version among them. */
  readonly features: readonly string[];
  /** Of the kernels, and for which architecture. */
  readonly build: string;
  /** Bytes a second that a kernel reads and writes; `null` where there was no room to measure. */
  readonly bandwidth: number | null;
}

export async function systemFacts(env: CliHost['env']): Promise<SystemFacts> {
  const machine = nodeMachine(env);
  const [topology, driver] = await Promise.all([readTopology(machine), machine.read('/sys/module/amdgpu/version')]);
  return {
    system: {
      platform: `${process.platform} ${process.arch}`,
      kernel: release(),
      cpu: cpus()[0]?.model.trim() ?? 'unknown',
      memoryBytes: totalmem(),
    },
    gpus: topology.gpus.map(({ gfx }) => gfx),
    amdgpu: driver.is === 'there' ? driver.value.trim() : null,
  };
}

/** `null` where another device answered than a GPU of AMD. `device`: in words, as answers name it. */
export async function hipFacts(
  device: string | null,
  ask: AskHip,
  { env, signal, err }: Pick<CliHost, 'env' | 'signal' | 'err'>,
): Promise<HipFacts | null> {
  if (device?.startsWith('hip: ') !== true) return null;
  err('Measuring the memory …\n');
  const { name, features, build } = await hipDevice(ask, env, signal);
  const bandwidth = await hipBandwidth(ask, env, signal).catch((error: unknown) => {
    if (!(error instanceof ForgelightError)) throw error;
    return null; // a daemon's model may fill the memory
  });
  return { name, features, build, bandwidth };
}

/** A model without the folder that it lies in, and without what an address has behind it, which may be a key. */
export function modelWords(model: string): string {
  return model.split(/[?#]/)[0]?.split(/[/\\]/).at(-1) ?? '';
}

/** A device without the address of a server, which may tell whose it is. */
export function deviceWords(device: string | null): string | null {
  return device?.startsWith('upstream: ') === true ? 'upstream' : device;
}

/** What kernels took between two looks at them, the longest first. */
export function kernelTimesSince(after: readonly KernelTime[], before: readonly KernelTime[]): readonly KernelTime[] {
  const known = new Map(before.map((time) => [time.kernel, time]));
  return after
    .map(({ kernel, dispatches, gpuMs }) => ({
      kernel,
      dispatches: dispatches - (known.get(kernel)?.dispatches ?? 0),
      gpuMs: gpuMs - (known.get(kernel)?.gpuMs ?? 0),
    }))
    .filter(({ dispatches }) => dispatches > 0)
    .toSorted((a, b) => b.gpuMs - a.gpuMs);
}
