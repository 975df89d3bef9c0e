import { f16ToF32, f32ToF16 } from '../../base/f16';
import { KV_BLOCK_TOKENS } from '../../kernels/kv-layout';
import type { KernelRun } from './kernel-run';

const HALF_MAX = 65504;

/** One layer's paged KV cache, [K, V][block][kv head][token in block][head size], as f16 or f32. */
export class KvCacheMemory {
  readonly kvHeads: number;
  readonly headSize: number;

  /** `vPlane`: elements from a key to its value. `pool`: which of a row's block tables. */
  constructor(
    private readonly run: KernelRun,
    private readonly vPlane: number,
    private readonly pool: number,
  ) {
    this.kvHeads = run.constant('KV_HEADS');
    this.headSize = run.constant('HEAD_SIZE');
  }

  load(part: 'key' | 'value', row: number, kvHead: number, position: number): Float32Array {
    const at = this.address(part, row, kvHead, position);
    const memory = this.run.memory(0);
    if (this.run.kvType() === 'f32') return memory.floats(at, this.headSize);
    return Float32Array.from(memory.halves(at, this.headSize), f16ToF32);
  }

  /** Halves are clamped to their range, as in shaders/kv/f16.wgsl. */
  store(part: 'key' | 'value', row: number, kvHead: number, values: Float32Array): void {
    const at = this.address(part, row, kvHead, this.run.step.position(row));
    const memory = this.run.memory(0);
    if (this.run.kvType() === 'f32') memory.floats(at, this.headSize).set(values);
    else
      memory
        .halves(at, this.headSize)
        .set(Array.from(values, (v) => f32ToF16(Math.min(Math.max(v, -HALF_MAX), HALF_MAX))));
  }

  private address(part: 'key' | 'value', row: number, kvHead: number, position: number): number {
    const block = this.run.step.block(row, this.pool, position);
    const token = (block * this.kvHeads + kvHead) * KV_BLOCK_TOKENS + (position % KV_BLOCK_TOKENS);
    return token * this.headSize + (part === 'value' ? this.vPlane : 0);
  }
}
