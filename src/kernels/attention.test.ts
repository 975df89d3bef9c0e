import { describe, expect, it } from 'vitest';
import { roundUp } from '../base/units';
import type { DeviceBuffer } from '../device/device';
import { attention, attentionProblem, MAX_ATTENTION_GROUP, MAX_HEAD_SIZE } from './attention';

const buffer: DeviceBuffer = { label: 'buffer', sizeBytes: 4 };
/** What WebGPU promises on every adapter. */
const WORKGROUP_BYTES = 16_384;
/** It counts each variable of workgroup memory in whole multiples. */
const COUNTED_BYTES = 16;

/** The variables of shaders/ops/attention.wgsl, in bytes. */
function workgroupBytes(group: number, headSize: number, threads: number): number {
  const variables = [group * headSize * 4, group * threads * 4, group * 4, group * 4, 8, threads * 16, threads * 4];
  return variables.reduce((sum, bytes) => sum + roundUp(bytes, COUNTED_BYTES), 0);
}

describe('heads that the attention kernel takes', () => {
  const groups = Array.from({ length: MAX_ATTENTION_GROUP }, (_, i) => i + 1);
  const headSizes = Array.from({ length: MAX_HEAD_SIZE / 4 }, (_, i) => 4 * (i + 1));

  it.each(groups)('fit into the workgroup memory that every adapter has, %i query heads a KV head', (group) => {
    for (const headSize of headSizes) {
      const fit = [256, 128, 64].find((threads) => workgroupBytes(group, headSize, threads) <= WORKGROUP_BYTES);
      expect(attentionProblem(2 * group, 2, headSize) === null, `head size ${headSize}`).toBe(fit !== undefined);
      if (fit === undefined) continue;
      const kv = { buffer, type: 'f16', pool: 'all', kvHeads: 2, headSize, blocks: 1 } as const;
      const threads = [true, false].map(
        (isWide) => attention({ q: buffer, y: buffer, kv, heads: 2 * group, scale: 1, isWide }).constants['THREADS'],
      );
      expect(threads, `head size ${headSize}`).toEqual([fit, 64]);
    }
  });

  it('are of whole quads, and whole groups share a KV head', () => {
    for (const headSize of [0, 2, 66, 260]) expect(attentionProblem(8, 8, headSize)).not.toBeNull();
    for (const [heads, kvHeads] of [
      [9, 2],
      [17, 1],
      [2, 4],
    ] as const)
      expect(attentionProblem(heads, kvHeads, 64)).not.toBeNull();
  });
});
