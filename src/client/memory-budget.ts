import { deviceMemoryGib, estimateMemoryBudget } from '../protocol/memory-budget';

/** What of a page this file looks at. */
export interface MemoryHost {
  readonly gpu?: { requestAdapter(): Promise<{ readonly limits: { readonly maxBufferSize: number } } | null> };
}

/**
 * The graphics memory that a model may take on this device, as `estimateMemoryBudget` guesses it; `null` without WebGPU or without an
 * adapter. Opens no device and downloads nothing.
 */
export async function detectMemoryBudget(host: MemoryHost = globalThis.navigator): Promise<number | null> {
  const adapter = (await host.gpu?.requestAdapter()) ?? null;
  if (adapter === null) return null;
  const hints = { maxBufferBytes: adapter.limits.maxBufferSize, deviceMemoryGib: deviceMemoryGib(host) };
  return estimateMemoryBudget(hints);
}
