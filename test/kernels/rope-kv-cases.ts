import { describe, it } from 'vitest';
import type { Device } from '../../src/device/device';
import { KV_TYPES, kvLayerBytes, type KvType } from '../../src/kernels/kv-layout';
import { ropeKv } from '../../src/kernels/rope-kv';
import { cacheOracle } from './cache-oracle';
import { Expected } from './expected';
import { cacheAt, cacheElements, rotateOracle, type CacheShape } from './oracle';
import { Random } from './random';
import type { DeviceOf } from './suite';
import { tablesOf, withBench } from './workbench';

const POSITIONS = [0, 15, 16, 63, 64, 65, 200];

interface RopeCase {
  readonly type: KvType;
  readonly headSize: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly pairs: number;
  readonly pairing: 'neighbours' | 'halves';
}

const SHAPES: readonly Omit<RopeCase, 'type'>[] = [
  { headSize: 32, heads: 3, kvHeads: 1, pairs: 16, pairing: 'neighbours' },
  { headSize: 64, heads: 9, kvHeads: 3, pairs: 32, pairing: 'neighbours' },
  { headSize: 64, heads: 9, kvHeads: 3, pairs: 32, pairing: 'halves' },
  { headSize: 96, heads: 4, kvHeads: 4, pairs: 24, pairing: 'halves' }, // partial
  { headSize: 96, heads: 4, kvHeads: 4, pairs: 24, pairing: 'neighbours' },
  { headSize: 128, heads: 8, kvHeads: 1, pairs: 64, pairing: 'halves' },
  { headSize: 256, heads: 2, kvHeads: 2, pairs: 32, pairing: 'neighbours' },
  { headSize: 256, heads: 2, kvHeads: 2, pairs: 128, pairing: 'halves' },
  { headSize: 64, heads: 2, kvHeads: 1, pairs: 0, pairing: 'halves' }, // no rotation
];

const angle = (table: number, position: number, pair: number): number => position * (table + 1) * 0.7 ** pair;

/** Angles are given as f32 cos and sin: beyond their rounding the kernel has nothing to add. */
function ropeTable(table: number, pairs: number): (position: number) => Float32Array {
  return (position) =>
    Float32Array.from({ length: pairs * 2 }, (_, i) => {
      const radians = angle(table, position, Math.floor(i / 2));
      return i % 2 === 0 ? Math.cos(radians) : Math.sin(radians);
    });
}

/** Values of the first rows that are beyond every range, all 0, and too small for a scale of their own. */
function setExtremes(qkv: Float32Array, { type, headSize, heads, kvHeads }: RopeCase, perRow: number): void {
  const values = (row: number): number => row * perRow + (heads + kvHeads) * headSize;
  const most = type === 'f32' ? 1e9 : Infinity;
  qkv.set([most, -most], values(0));
  qkv.fill(0, values(1), values(1) + 32);
  if (type === 'q8_0') qkv.fill(1e-9, values(2), values(2) + 32);
}

async function checkRopeKv(device: Device, args: RopeCase): Promise<void> {
  const { type, headSize, heads, kvHeads, pairs, pairing } = args;
  const random = new Random(301);
  const shape: CacheShape = { blocks: 2 * 13 + 1, kvHeads, headSize };
  const order = random.shuffled(shape.blocks);
  const tables = [order.slice(0, 13), order.slice(13, 26)]; // two sequences, shuffled
  const rows = POSITIONS.flatMap((position) => tables.map((blocks, slot) => ({ token: 0, position, slot, blocks })));
  const perRow = (heads + 2 * kvHeads) * headSize;
  // Multiples of 1 / 256 below 2: halves hold them exactly, so that what is not rotated is copied exactly.
  const qkv = Float32Array.from({ length: rows.length * perRow }, () => random.integer(-511, 511) / 256);
  setExtremes(qkv, args, perRow);

  const q = new Expected(new Float64Array(rows.length * heads * headSize));
  const cache = cacheOracle(type, shape);
  rows.forEach(({ position, blocks }, row) => {
    const angles = Array.from({ length: pairs }, (_, pair) => angle(1, position, pair));
    for (let head = 0; head < heads + 2 * kvHeads; head++) {
      const values = qkv.subarray(row * perRow + head * headSize, row * perRow + (head + 1) * headSize);
      const isValue = head >= heads + kvHeads;
      const turned = rotateOracle(values, isValue ? [] : angles, pairing);
      const at = cacheAt(shape, isValue ? 1 : 0, blocks, (head - heads) % kvHeads, position);
      if (head >= heads) cache.keep(at, turned.values, turned.tolerances);
      else turned.values.forEach((v, d) => q.set((row * heads + head) * headSize + d, v, turned.tolerances[d] ?? 0));
    }
  });

  await withBench(device, async (bench) => {
    const pool = type === 'f32' ? 'all' : 'window';
    const stepRows = rows.map(({ blocks, ...row }) => ({ ...row, ...tablesOf(pool, blocks) }));
    bench.step(stepRows, [], [ropeTable(0, pairs), ropeTable(1, pairs)]);
    const kv = { buffer: bench.words('kv', cache.words), type, pool, ...shape } as const;
    const out = bench.empty('q', rows.length * heads * headSize * 4);
    const dispatch = ropeKv({ qkv: bench.floats('qkv', qkv), q: out, kv, heads, pairs, table: 1, pairing });
    q.check(await bench.runFloats([dispatch], rows.length, out), 'q');
    cache.check(await bench.read(kv.buffer));
  });
}

export function describeRopeKv(deviceOf: DeviceOf): void {
  describe('rope_kv', () => {
    const cases = SHAPES.flatMap((shape) => KV_TYPES.map((type) => ({ ...shape, type })));
    it.each(cases)('$type, head size $headSize, $heads / $kvHeads heads, $pairs pairs of $pairing', async (args) => {
      await checkRopeKv(deviceOf(), args);
    });

    it('lays the cache out in as many bytes as kvLayerBytes says', ({ expect }) => {
      const shape = { blocks: 5, kvHeads: 3, headSize: 64 };
      expect(kvLayerBytes({ ...shape, type: 'f32' })).toBe(cacheElements(shape) * 4);
      expect(kvLayerBytes({ ...shape, type: 'f16' })).toBe(cacheElements(shape) * 2);
      // An element has a byte, and 32 share a half.
      expect(kvLayerBytes({ ...shape, type: 'q8_0' })).toBe((cacheElements(shape) * 34) / 32);
    });
  });
}
