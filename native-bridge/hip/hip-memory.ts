import { assert } from '../../src/base/assert';
import type { DeviceBuffer } from '../../src/device/device';

/** A buffer on the GPU. `pointer` 0: it could not be made, and the next `flush` says so. */
export class HipMemory implements DeviceBuffer {
  constructor(
    readonly label: string,
    readonly sizeBytes: number,
    readonly pointer: bigint,
  ) {}
}

export function memoryOf(buffer: DeviceBuffer): HipMemory {
  assert(buffer instanceof HipMemory, `${buffer.label} belongs to HIP`);
  return buffer;
}
