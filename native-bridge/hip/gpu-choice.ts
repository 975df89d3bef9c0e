/** A GPU as HIP lists it. */
export interface HipGpu {
  /** HIP's number of it. */
  readonly index: number;
  readonly name: string;
  /** `gfx1100`; empty where the runtime does not tell. */
  readonly gfx: string;
  /** Part of a processor: it shares the computer's memory. */
  readonly integrated: boolean;
  readonly waveSize: number;
}

/**
 * The GPU to use: one that there are kernels for before others, a card before what is part of a processor, the first of those. Who has named
 * devices with ROCm's own variables has chosen: then it is the first of what is left.
 */
export function chooseGpu(gpus: readonly HipGpu[], targets: readonly string[], env: NodeJS.ProcessEnv): HipGpu | null {
  const selectors = ['HIP_VISIBLE_DEVICES', 'ROCR_VISIBLE_DEVICES', 'CUDA_VISIBLE_DEVICES', 'GPU_DEVICE_ORDINAL'];
  const chosen = selectors.some((name) => (env[name] ?? '') !== '');
  const [first = null] = gpus;
  if (chosen) return first;
  const rank = (gpu: HipGpu): number => (targets.includes(gpu.gfx) ? 0 : 2) + (gpu.integrated ? 1 : 0);
  return gpus.reduce((best, gpu) => (best === null || rank(gpu) < rank(best) ? gpu : best), first);
}
