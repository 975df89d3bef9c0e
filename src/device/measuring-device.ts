import { NO_COUNTS, type DeviceCounters, type KernelTime } from '../base/counters';
import { assert } from '../base/assert';
import { ForgelightError } from '../base/errors';
import { formatBytes, roundUp } from '../base/units';
import {
  largestBufferBytes,
  type Device,
  type DeviceBuffer,
  type DeviceLimits,
  type DeviceLoss,
  type PreparedPlan,
} from './device';
import type { Plan } from './plan';

export interface MeasuringOptions {
  readonly limits: DeviceLimits;
  /** Bytes that the real device takes for the parameters of each dispatch that is prepared. */
  readonly dispatchBytes: number;
}

/**
 * A device that makes nothing and counts what it is asked to make: what a model needs is measured by allocating it here, with
 * the code that allocates it anywhere. Refuses what exceeds the limits as a real one does. Plans are never ready on it, and it
 * takes no work.
 */
export class MeasuringDevice implements Device {
  readonly kind = 'webgpu';
  readonly name = 'measure';
  readonly build = 'measure';
  readonly features = [];
  readonly limits: DeviceLimits;
  readonly lost: Promise<DeviceLoss> = new Promise(() => undefined);
  private readonly live = new Set<DeviceBuffer>();

  constructor(private readonly options: MeasuringOptions) {
    this.limits = options.limits;
  }

  createBuffer(label: string, sizeBytes: number): DeviceBuffer {
    const buffer = { label, sizeBytes: roundUp(Math.max(sizeBytes, 4), 4) };
    const most = largestBufferBytes(this.limits);
    if (buffer.sizeBytes > most) {
      throw new ForgelightError(
        'out-of-memory',
        `${label} needs one buffer of ${formatBytes(buffer.sizeBytes)}; this adapter allows ${formatBytes(most)}. Choose a smaller model or a shorter context.`,
      );
    }
    this.live.add(buffer);
    return buffer;
  }

  destroyBuffer(buffer: DeviceBuffer): void {
    this.live.delete(buffer);
  }

  prepare(plan: Plan): Promise<PreparedPlan> {
    this.live.add({ label: `${plan.label} params`, sizeBytes: plan.dispatches.length * this.options.dispatchBytes });
    return new Promise(() => undefined);
  }

  allocatedBytes(): number {
    return this.bytesOf(() => true);
  }

  /** Of the buffers, and the parameters of plans, whose label the predicate accepts. */
  bytesOf(accepts: (label: string) => boolean): number {
    return [...this.live].reduce((sum, { label, sizeBytes }) => (accepts(label) ? sum + sizeBytes : sum), 0);
  }

  counters(): DeviceCounters {
    return NO_COUNTS;
  }

  kernelTimes(): readonly KernelTime[] {
    return [];
  }

  async flush(): Promise<void> {}

  write(): void {
    assert(false, 'nothing is written to a device that only measures');
  }

  submit(): Promise<Uint8Array> {
    assert(false, 'nothing runs on a device that only measures');
  }

  release(): void {
    // Nothing was prepared.
  }

  releaseStaging(): void {
    // There is none.
  }

  close(): void {
    this.live.clear();
  }
}
