import { describe, it } from 'vitest';
import type { Device } from '../../src/device/device';
import { kvLayerBytes, type KvType } from '../../src/kernels/kv-layout';
import { ropeKv } from '../../src/kernels/rope-kv';
import { Expected } from './expected';
import { halfValue } from './half';
import { cacheAt, cacheElements, rotateOracle, type CacheShape } from './oracle';
import { Random } from './random';
import type { DeviceOf } from './suite';
import { tablesOf, withBench } from './workbench';

const POSITIONS = [0, 15, 16, 63, 64, 65, 200];
const HALF_MAX = 65504;
/** What the cache holds before: a number that no kernel writes. */
const UNTOUCHED = 77;

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

function cacheValues(type: KvType, bytes: Uint8Array): Float64Array {
  if (type === 'f32') return Float64Array.from(new Float32Array(bytes.buffer));
  return Float64Array.from(new Uint16Array(bytes.buffer), halfValue);
}

/** A cache full of `UNTOUCHED`. */
function cacheBefore(type: KvType, elements: number): Uint32Array {
  if (type === 'f32') return new Uint32Array(new Float32Array(elements).fill(UNTOUCHED).buffer);
  return new Uint32Array(new Uint16Array(elements).fill(0x54d0).buffer); // 77 = (1 + 208 / 1024) · 2⁶
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
  const large = (heads + kvHeads) * headSize; // values of row 0
  qkv.set([1e6, -1e6], large);

  const q = new Expected(new Float64Array(rows.length * heads * headSize));
  const cache = new Expected(new Float64Array(cacheElements(shape)).fill(UNTOUCHED));
  rows.forEach(({ position, blocks }, row) => {
    const angles = Array.from({ length: pairs }, (_, pair) => angle(1, position, pair));
    for (let head = 0; head < heads + 2 * kvHeads; head++) {
      const values = qkv.subarray(row * perRow + head * headSize, row * perRow + (head + 1) * headSize);
      const isValue = head >= heads + kvHeads;
      const turned = rotateOracle(values, isValue ? [] : angles, pairing);
      const kvHead = (head - heads) % kvHeads;
      turned.values.forEach((value, d) => {
        const tolerance = turned.tolerances[d] ?? 0;
        if (head < heads) q.set((row * heads + head) * headSize + d, value, tolerance);
        else {
          const stored = type === 'f16' ? Math.min(Math.max(value, -HALF_MAX), HALF_MAX) : value;
          const rounding = type === 'f16' && tolerance > 0 ? Math.abs(value) * 2 ** -10 + 2 ** -24 : 0;
          cache.set(cacheAt(shape, isValue ? 1 : 0, blocks, kvHead, position) + d, stored, tolerance + rounding);
        }
      });
    }
  });

  await withBench(device, async (bench) => {
    const pool = type === 'f16' ? 'window' : 'all';
    const stepRows = rows.map(({ blocks, ...row }) => ({ ...row, ...tablesOf(pool, blocks) }));
    bench.step(stepRows, [], [ropeTable(0, pairs), ropeTable(1, pairs)]);
    const kv = { buffer: bench.words('kv', cacheBefore(type, cacheElements(shape))), type, pool, ...shape } as const;
    const out = bench.empty('q', rows.length * heads * headSize * 4);
    const dispatch = ropeKv({ qkv: bench.floats('qkv', qkv), q: out, kv, heads, pairs, table: 1, pairing });
    q.check(await bench.runFloats([dispatch], rows.length, out), 'q');
    cache.check(cacheValues(type, await bench.read(kv.buffer)), 'cache');
  });
}

export function describeRopeKv(deviceOf: DeviceOf): void {
  describe('rope_kv', () => {
    const cases = SHAPES.flatMap((shape) => (['f16', 'f32'] as const).map((type) => ({ ...shape, type })));
    it.each(cases)('$type, head size $headSize, $heads / $kvHeads heads, $pairs pairs of $pairing', async (args) => {
      await checkRopeKv(deviceOf(), args);
    });

    it('lays the cache out in as many bytes as kvLayerBytes says', ({ expect }) => {
      const shape = { blocks: 5, kvHeads: 3, headSize: 64 };
      expect(kvLayerBytes({ ...shape, type: 'f32' })).toBe(cacheElements(shape) * 4);
      expect(kvLayerBytes({ ...shape, type: 'f16' })).toBe(cacheElements(shape) * 2);
    });
  });
}
