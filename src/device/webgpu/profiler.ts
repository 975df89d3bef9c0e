import type { KernelTime } from '../../base/counters';
import { KernelTimes } from '../kernel-times';

const QUERIES_PER_SET = 4096; // WebGPU's limit
const QUERY_BYTES = 8;
const NS_PER_MS = 1e6;

/** Where the timestamps of a submission's passes go: two a pass. Owned by whoever submits, until `destroy`. */
export class PassTimestamps {
  readonly sizeBytes: number;
  readonly buffer: GPUBuffer;
  private readonly sets: readonly GPUQuerySet[];

  constructor(
    gpu: GPUDevice,
    private readonly passes: number,
  ) {
    this.sizeBytes = passes * 2 * QUERY_BYTES;
    this.buffer = gpu.createBuffer({
      label: 'timestamps',
      size: this.sizeBytes,
      usage: GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC,
    });
    const sets = Math.ceil((passes * 2) / QUERIES_PER_SET);
    this.sets = Array.from({ length: sets }, (_, i) =>
      gpu.createQuerySet({ type: 'timestamp', count: this.queriesOf(i) }),
    );
  }

  /** For pass `i` of the submission. */
  writesOf(i: number): GPUComputePassTimestampWrites | undefined {
    const querySet = this.sets[Math.floor((i * 2) / QUERIES_PER_SET)];
    const first = (i * 2) % QUERIES_PER_SET;
    return querySet && { querySet, beginningOfPassWriteIndex: first, endOfPassWriteIndex: first + 1 };
  }

  /** Behind the last pass. */
  resolve(encoder: GPUCommandEncoder): void {
    for (const [i, set] of this.sets.entries()) {
      encoder.resolveQuerySet(set, 0, this.queriesOf(i), this.buffer, i * QUERIES_PER_SET * QUERY_BYTES);
    }
  }

  destroy(): void {
    this.buffer.destroy();
    for (const set of this.sets) set.destroy();
  }

  private queriesOf(set: number): number {
    return Math.min(QUERIES_PER_SET, this.passes * 2 - set * QUERIES_PER_SET);
  }
}

/** Adds up the GPU time of each kernel variant. Timestamps stand at the borders of passes, so each dispatch has its own. */
export class Profiler {
  private readonly times = new KernelTimes();

  /** `timestamps` [2 × kernels] u64, in nanoseconds: when the pass of each began and ended. */
  add(kernels: readonly string[], timestamps: Uint8Array): void {
    const times = new BigUint64Array(timestamps.slice().buffer);
    for (const [i, kernel] of kernels.entries()) {
      this.times.add(kernel, Number((times[2 * i + 1] ?? 0n) - (times[2 * i] ?? 0n)) / NS_PER_MS);
    }
  }

  kernelTimes(): KernelTime[] {
    return this.times.list();
  }
}
