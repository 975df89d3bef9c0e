import type { DeviceCounters, KernelTime } from '../base/counters';
import type { Plan, PlanStep } from './plan';

/** Memory on a device. Owned by whoever created it; a handle, not the memory: only its device can use it. */
export interface DeviceBuffer {
  readonly label: string;
  readonly sizeBytes: number;
}

export interface DeviceLimits {
  readonly maxBufferBytes: number;
  readonly maxBindingBytes: number;
  readonly subgroups: boolean;
  /** It multiplies four bytes packed into a word with four others and adds the products up. */
  readonly packedDot: boolean;
  /** It computes with halves, and has the workgroup memory that kernels which do need. */
  readonly shaderF16: boolean;
}

/** Kernels count elements in u32, the smallest of them half a word: beyond this a number would wrap around. */
const ADDRESSABLE_BYTES = 2 ** 33;

/** The largest buffer that kernels can use: it is bound as a whole. */
export function largestBufferBytes({ maxBufferBytes, maxBindingBytes }: DeviceLimits): number {
  return Math.min(maxBufferBytes, maxBindingBytes, ADDRESSABLE_BYTES);
}

/** A plan made ready: pipelines, bind groups and parameters exist. Owned by the caller of `prepare` until `release`. */
export interface PreparedPlan {
  readonly label: string;
}

/** The first bytes of a buffer, whole words. */
export interface Readback {
  readonly buffer: DeviceBuffer;
  readonly sizeBytes: number;
}

/** Of all of them together. */
export function readbackBytes(readbacks: readonly Readback[]): number {
  return readbacks.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
}

export interface DeviceLoss {
  /** `destroyed`: by our own `close`, not a loss. */
  readonly reason: 'unknown' | 'destroyed';
  readonly message: string;
}

/** What computes: WebGPU, the CPU reference, HIP. One engine drives all of them through this port. */
export interface Device {
  readonly kind: 'webgpu' | 'reference' | 'hip';
  readonly name: string;
  readonly features: readonly string[];
  /** Changes with any kernel: part of the system fingerprint and of the key under which a probe's choice is kept. */
  readonly build: string;
  readonly limits: DeviceLimits;
  /** Its threads are those of the CPU: nothing is won there by sharing work among them. Not given: it is a GPU. */
  readonly isSoftware?: boolean;
  /** Zeroed memory of `sizeBytes`, rounded up to 4. The caller owns it. Failure shows in the next `flush`. */
  createBuffer(label: string, sizeBytes: number): DeviceBuffer;
  /** Frees at once; work already submitted still finishes. */
  destroyBuffer(buffer: DeviceBuffer): void;
  /** Copies `data` (whole words) into the buffer, after what was submitted before and before any later `submit`. `data` may be reused at once. */
  write(buffer: DeviceBuffer, offsetBytes: number, data: Uint8Array | Uint32Array): void;
  /** Resolves when earlier writes have left the host. Rejects with `out-of-memory` when a buffer could not be made. */
  flush(): Promise<void>;
  /** Makes everything that running the plan needs, asynchronously, once. */
  prepare(plan: Plan): Promise<PreparedPlan>;
  release(prepared: PreparedPlan): void;
  /**
   * Encodes and submits the steps, in order, as one submission, and copies what `readbacks` name after them. The promise gives their
   * bytes, one behind the other; they are the caller's. Rejects with `device-lost`.
   */
  submit(steps: readonly PlanStep[], ...readbacks: readonly Readback[]): Promise<Uint8Array>;
  /** Gives back the host memory of earlier readbacks that no step in flight uses: after one that was larger than usual. */
  releaseStaging(): void;
  counters(): DeviceCounters;
  /** What each kernel variant took so far, on a device that was opened to measure it; else nothing. */
  kernelTimes(): readonly KernelTime[];
  /** Bytes of the buffers that exist now. */
  allocatedBytes(): number;
  /** Resolves once, when the device is gone. */
  readonly lost: Promise<DeviceLoss>;
  /** Destroys the device and every buffer. Idempotent. */
  close(): void;
}
