import { deviceMemoryGib, estimateMemoryBudget } from '../protocol/memory-budget';

/** What of a page this file looks at. */
export interface MemoryHost {
  readonly gpu?: {
    requestAdapter(options: {
      powerPreference: 'high-performance';
    }): Promise<{ readonly limits: { readonly maxBufferSize: number } } | null>;
  };
}

/**
 * The graphics memory that a model may take on this device, as `estimateMemoryBudget` guesses it; `null` without WebGPU or without an
 * adapter. Opens no device and downloads nothing.
 */
export async function detectMemoryBudget(host: MemoryHost = thisHost()): Promise<number | null> {
  // The adapter that the engine would take.
  const adapter = (await host.gpu?.requestAdapter({ powerPreference: 'high-performance' })) ?? null;
  if (adapter === null) return null;
  const hints = { maxBufferBytes: adapter.limits.maxBufferSize, deviceMemoryGib: deviceMemoryGib(host) };
  return estimateMemoryBudget(hints);
}

function thisHost(): MemoryHost {
  return typeof navigator === 'undefined' ? {} : navigator;
}
