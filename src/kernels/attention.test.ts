import { describe, expect, it } from 'vitest';
import { roundUp } from '../base/units';
import type { DeviceBuffer } from '../device/device';
import {
  attendedBytes,
  attention,
  attentionMerge,
  attentionParts,
  attentionProblem,
  MAX_ATTENTION_GROUP,
  MAX_HEAD_SIZE,
  partWord,
  rangeTokens,
} from './attention';
import type { KvType } from './kv-layout';

const buffer: DeviceBuffer = { label: 'buffer', sizeBytes: 4 };
/** What WebGPU promises on every adapter. */
const WORKGROUP_BYTES = 16_384;
/** It counts each variable of workgroup memory in whole multiples. */
const COUNTED_BYTES = 16;

/** The variables of shaders/ops/attention.wgsl, in bytes. */
function workgroupBytes({ group, type }: { group: number; type: KvType }, headSize: number, threads: number): number {
  const scales = type === 'q8_0' ? headSize / 32 : 0;
  const variables = [
    group * headSize * 4,
    group * threads * 4,
    ...[1, 2, 2, 1].map((of) => of * group * 4),
    16,
    Math.max(threads * 16, threads * (1 + scales) * 4),
    threads * 4,
  ];
  return variables.reduce((sum, bytes) => sum + roundUp(bytes, COUNTED_BYTES), 0);
}

describe('heads that the attention kernel takes', () => {
  const groups = Array.from({ length: MAX_ATTENTION_GROUP }, (_, i) => i + 1);
  const headSizes = Array.from({ length: MAX_HEAD_SIZE / 4 }, (_, i) => 4 * (i + 1));

  const cases = groups.flatMap((group) => (['f16', 'q8_0'] as const).map((type) => ({ group, type })));
  it.each(cases)('fit into the workgroup memory that every adapter has: $group a KV head, $type cache', (of) => {
    const { group, type } = of;
    for (const headSize of headSizes.filter((size) => size % (type === 'q8_0' ? 32 : 4) === 0)) {
      const fit = [256, 128, 64].find((threads) => workgroupBytes(of, headSize, threads) <= WORKGROUP_BYTES);
      expect(attentionProblem(2 * group, 2, headSize, type) === null, `head size ${headSize}`).toBe(fit !== undefined);
      if (fit === undefined) continue;
      const kv = { buffer, type, pool: 'all', kvHeads: 2, headSize, blocks: 1 } as const;
      const [wide, narrow] = [true, false].map((isWide) => {
        const { constants } = attention({ q: buffer, y: buffer, kv, heads: 2 * group, scale: 1, isWide });
        return [constants['THREADS'], constants['TILE']];
      });
      expect(wide, `head size ${headSize}`).toEqual([fit, undefined]);
      const [threads = NaN, tile] = narrow ?? [];
      expect(
        [16, 32, 64].find((few) => few * 4 >= headSize),
        `head size ${headSize}`,
      ).toBe(threads);
      expect(tile).toBe(64);
    }
  });

  it('are of whole quads, and whole groups share a KV head', () => {
    for (const headSize of [0, 2, 66, 260]) expect(attentionProblem(8, 8, headSize, 'f16')).not.toBeNull();
    for (const [heads, kvHeads] of [
      [9, 2],
      [17, 1],
      [2, 4],
    ] as const)
      expect(attentionProblem(heads, kvHeads, 64, 'f16')).not.toBeNull();
  });
});

describe('the positions of a row', () => {
  const kv = { buffer, type: 'f16', pool: 'all', kvHeads: 2, headSize: 64, blocks: 1 } as const;
  const parts = { rows: 16 };
  const workgroups = (ranges: number, window = 0): number[] => {
    const given = { y: buffer, kv, heads: 8, window, rangeTokens: 256, parts };
    const [sharing, joining] = [attention({ ...given, q: buffer, scale: 1 }), attentionMerge(given)];
    return [sharing.grid(3, ranges)[2], ...joining.grid(3, ranges)];
  };

  it('are shared by a workgroup a range from four on, which another dispatch joins', () => {
    for (const ranges of [1, 2, 3]) expect(workgroups(ranges)).toEqual([1, 0, 3, 1]);
    for (const ranges of [4, 5, 32]) expect(workgroups(ranges)).toEqual([ranges, 2, 3, 1]);
  });

  it.each([
    [512, 3],
    [768, 2],
    [4096, 2],
  ])('are shared where 768 lie before the last range, of %i positions each: from %i on', (tokens, from) => {
    const { grid } = attention({ q: buffer, y: buffer, kv, heads: 8, scale: 1, rangeTokens: tokens, parts });
    expect([from - 1, from].map((ranges) => grid(3, ranges)[2])).toEqual([1, from]);
  });

  it('are those of the window, where there is one: as many ranges as it can touch', () => {
    for (const window of [1, 2, 257, 513]) expect(workgroups(32, window)).toEqual([1, 0, 3, 1]);
    expect(workgroups(32, 514)).toEqual([4, 2, 3, 1]);
    expect(workgroups(32, 1025)).toEqual([5, 2, 3, 1]);
    expect(workgroups(4, 1025)).toEqual([4, 2, 3, 1]);
  });

  it('are one workgroup’s where there is no place for parts', () => {
    expect(attention({ q: buffer, y: buffer, kv, heads: 8, scale: 1 }).grid(3, 32)).toEqual([2, 3, 1]);
  });

  it.each([
    [1, 256],
    [8192, 256],
    [8193, 512],
    [131_072, 4096],
    [1_000_000, 31_488],
  ])('lie in at most 32 ranges: of %i tokens each has %i', (contextLength, tokens) => {
    expect(rangeTokens(contextLength)).toBe(tokens);
    expect(Math.ceil(contextLength / tokens)).toBeLessThanOrEqual(32);
  });

  it('have place for parts, unless texts are too short for any', () => {
    expect(attentionParts(768, 16)).toBeNull();
    expect(attentionParts(769, 16)).toEqual({ rows: 16 });
    const last = { parts: 16 * 8 * 16, row: 15, range: 31, head: 7, heads: 8, headSize: 64 };
    expect(attendedBytes(parts, 8, 64)).toBe(4 * (partWord(last) + 64 + 4));
  });
});
