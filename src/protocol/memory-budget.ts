import { GIB } from '../base/units';

export interface DeviceHints {
  /** The adapter's `maxBufferSize`. */
  readonly maxBufferBytes: number;
  /** `navigator.deviceMemory`: GiB of main memory, rounded; `null` where the browser does not say. */
  readonly deviceMemoryGib: number | null;
}

/** Browsers that hide how large a machine is say 8 for all from there on. */
const MOST_TOLD_GIB = 8;
/** Where main memory is small, a browser tab gets at most about this part of it. */
const SHARE_OF_MEMORY = 0.5;
/** Some drivers name a buffer size that no card has. */
const MOST_BUFFER_BYTES = 4 * GIB;
/** Adapters allow a buffer of about a quarter of their memory. */
const BUFFERS = 4;

/**
 * A guess at the graphics memory that a model may take, in bytes. WebGPU does not tell how much there is, let alone how much is
 * free: this goes by the largest buffer that the adapter allows, and by the main memory where that is known to be small. It may
 * be wrong by a factor of two either way; whoever knows better passes `memoryBudgetBytes`.
 */
export function estimateMemoryBudget({ maxBufferBytes, deviceMemoryGib }: DeviceHints): number {
  const byAdapter = BUFFERS * Math.min(maxBufferBytes, MOST_BUFFER_BYTES);
  if (deviceMemoryGib === null || deviceMemoryGib >= MOST_TOLD_GIB) return byAdapter;
  return Math.min(byAdapter, deviceMemoryGib * GIB * SHARE_OF_MEMORY);
}

/** What a `navigator` says of the main memory, in GiB; not all do. */
export function deviceMemoryGib(from: object): number | null {
  return 'deviceMemory' in from && typeof from.deviceMemory === 'number' ? from.deviceMemory : null;
}
