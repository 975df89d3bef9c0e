import type { Clock } from '../base/clock';
import { describeAdapter } from '../device/webgpu/adapter';
import { SHADER_BUILD } from '../device/webgpu/shaders.generated';
import { keptChoices } from '../models/choose-variants';
import type { MachineReport } from '../protocol/machine';
import { deviceMemoryGib, estimateMemoryBudget } from '../protocol/memory-budget';
import { report } from './settle';
import { keptVariants } from './variant-cache';

/** What this worker's adapter can do, and what was found out about it. Opens no device. */
export async function describeMachine(clock: Clock): Promise<MachineReport> {
  const { name, info, features, usedFeatures, limits } = await describeAdapter(navigator.gpu);
  const device = { name, features: usedFeatures, build: SHADER_BUILD };
  const kept = keptChoices(await keptVariants({ clock, report }), device);
  return {
    adapter: info,
    features,
    usedFeatures,
    limits,
    memoryBudgetBytes: estimateMemoryBudget({
      maxBufferBytes: limits['maxBufferSize'] ?? 0,
      deviceMemoryGib: deviceMemoryGib(navigator),
    }),
    build: SHADER_BUILD,
    kernels: kept.map(({ format, rows, precision, chosen: { matvec, batch, chunks, notes } }) => ({
      format,
      rows,
      precision,
      matvec,
      widths: batch,
      chunks,
      notes,
    })),
  };
}
