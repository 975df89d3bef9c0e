import { KV_BLOCK_TOKENS } from '../../kernels/kv-layout';
import type { KernelRun } from './kernel-run';
import { KV_CODECS } from './kv-codecs';

/** One layer's paged KV cache, [K, V][block][kv head][token in block][head size], of any type. */
export class KvCacheMemory {
  /** `vPlane`: elements from a key to its value. `pool`: which of a row's block tables. */
  constructor(
    private readonly run: KernelRun,
    private readonly vPlane: number,
    private readonly pool: number,
    readonly kvHeads = run.constant('KV_HEADS'),
    readonly headSize = run.constant('HEAD_SIZE'),
  ) {}

  load(part: 'key' | 'value', row: number, kvHead: number, position: number): Float32Array {
    const at = this.address(part, row, kvHead, position);
    return KV_CODECS[this.run.kvType()].load(this.run.memory(2), at, this.headSize, this.vPlane);
  }

  store(part: 'key' | 'value', row: number, kvHead: number, values: Float32Array): void {
    const at = this.address(part, row, kvHead, this.run.step.position(row));
    KV_CODECS[this.run.kvType()].store(this.run.memory(2), at, values, this.vPlane);
  }

  private address(part: 'key' | 'value', row: number, kvHead: number, position: number): number {
    const block = this.run.step.block(row, this.pool, position);
    const token = (block * this.kvHeads + kvHead) * KV_BLOCK_TOKENS + (position % KV_BLOCK_TOKENS);
    return token * this.headSize + (part === 'value' ? this.vPlane : 0);
  }
}
