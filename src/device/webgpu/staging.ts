import { roundUp } from '../../base/units';

/** Holds the candidates of a step's outputs, so that a larger batch seldom needs another buffer. */
const MIN_STAGING_BYTES = 4096;
/** Of buffers that are larger, as for the logits of many positions, as many are kept as steps are in flight. */
const LARGE_BYTES = 2 ** 20;
const LARGE_KEPT = 2;

/** Whole logits have place for what is chosen beside them: with and without, a step uses the same buffer. */
function stagingBytes(sizeBytes: number): number {
  return roundUp(sizeBytes, MIN_STAGING_BYTES) + (sizeBytes > MIN_STAGING_BYTES ? MIN_STAGING_BYTES : 0);
}

/** Buffers that results are read back through: as many as steps are in flight, then used again. Owned by the device. */
export class StagingRing {
  private readonly idle: GPUBuffer[] = [];
  private readonly all = new Set<GPUBuffer>();

  constructor(
    private readonly gpu: GPUDevice,
    private readonly onCreate: () => void,
  ) {}

  /** An unmapped buffer of at least `sizeBytes`. */
  take(sizeBytes: number): GPUBuffer {
    const fitting = this.idle.findIndex((buffer) => buffer.size >= sizeBytes);
    const [found] = fitting < 0 ? [] : this.idle.splice(fitting, 1);
    if (found !== undefined) return found;
    const buffer = this.gpu.createBuffer({
      label: 'staging',
      size: stagingBytes(sizeBytes),
      usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
    });
    this.all.add(buffer);
    this.onCreate();
    return buffer;
  }

  giveBack(buffer: GPUBuffer): void {
    const isLarge = ({ size }: GPUBuffer): boolean => size > LARGE_BYTES;
    if (isLarge(buffer) && this.idle.filter(isLarge).length >= LARGE_KEPT) return this.release(buffer);
    this.idle.push(buffer);
    this.idle.sort((a, b) => a.size - b.size);
  }

  releaseIdle(): void {
    for (const buffer of this.idle.splice(0)) this.release(buffer);
  }

  private release(buffer: GPUBuffer): void {
    this.all.delete(buffer);
    buffer.destroy();
  }

  destroy(): void {
    for (const buffer of this.all) buffer.destroy();
    this.all.clear();
    this.idle.length = 0;
  }
}
