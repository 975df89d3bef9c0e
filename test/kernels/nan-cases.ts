import { describe, expect, it } from 'vitest';
import { f16ToF32 } from '../../src/base/f16';
import { attention } from '../../src/kernels/attention';
import { glu } from '../../src/kernels/glu';
import { KV_TYPES, kvLayerBytes, type KvType } from '../../src/kernels/kv-layout';
import { ACTIVATION_CODES, type GluKind } from '../../src/kernels/linear';
import { matvec, type RoundedVariant } from '../../src/kernels/matvec';
import { ropeKv } from '../../src/kernels/rope-kv';
import { softcap } from '../../src/kernels/softcap';
import { Q8_0 } from '../../src/quant/q8_0';
import { Random } from './random';
import type { DeviceOf } from './suite';
import { randomMatrix } from './test-matrix';
import { rowOf, withBench } from './workbench';

const GLU_KINDS = Object.keys(ACTIVATION_CODES) as readonly GluKind[];
const HEAD_SIZE = 64;
const CAP = 30;

/** Where they are. */
function nansOf(values: ArrayLike<number>): readonly number[] {
  return Array.from(values, (value, i) => (Number.isNaN(value) ? i : -1)).filter((i) => i >= 0);
}

/** What a cache of one block and one KV head keeps of the key and of the value at position 0, as far as that tells what is no number. */
function keptNans(type: KvType, bytes: Uint8Array): readonly number[] {
  const elements = 2 * 16 * HEAD_SIZE;
  if (type === 'f32') return nansOf(new Float32Array(bytes.buffer));
  if (type === 'f16') return nansOf(Array.from(new Uint16Array(bytes.buffer), f16ToF32));
  // Each 32 elements have a half that scales them; those of a key and its value lie in turn.
  const scales = Array.from(new Uint16Array(bytes.buffer, elements), f16ToF32);
  return nansOf(scales).flatMap((i) => (i % 2 === 0 ? [32 * (i / 2)] : [elements / 2 + 32 * ((i - 1) / 2)]));
}

/** A model that computes NaN is damaged, and logits tell that: no kernel may make a number of one on the way there. */
export function describeNans(deviceOf: DeviceOf, rounded: readonly RoundedVariant[]): void {
  describe('what is no number stays none', () => {
    it('under a soft cap', async () => {
      await withBench(deviceOf(), async (bench) => {
        bench.stepOf(1);
        const x = bench.floats('x', Float32Array.of(1, NaN, -1e9, Infinity));
        expect(nansOf(await bench.runFloats([softcap({ x, size: 4, cap: CAP })], 1, x))).toEqual([1]);
      });
    });

    it.each(GLU_KINDS)('in the gate or beside it, %s', async (activation) => {
      await withBench(deviceOf(), async (bench) => {
        bench.stepOf(1);
        const x = bench.floats('x', Float32Array.of(1, NaN, 2, 3, 1, 2, NaN, 9));
        const y = bench.empty('y', 16);
        expect(nansOf(await bench.runFloats([glu({ x, y, size: 4, activation })], 1, y))).toEqual([1, 2]);
      });
    });

    it.each([0, CAP])('in a query, whose scores are capped to %i', async (softCap) => {
      await withBench(deviceOf(), async (bench) => {
        bench.stepOf(1);
        const layer = { type: 'f32', pool: 'all', kvHeads: 1, headSize: HEAD_SIZE, blocks: 1 } as const;
        const q = new Random(5).floats(2 * HEAD_SIZE);
        q[HEAD_SIZE + 3] = NaN;
        const kv = { ...layer, buffer: bench.floats('kv', new Random(6).floats(kvLayerBytes(layer) / 4)) };
        const y = bench.empty('y', q.byteLength);
        const dispatch = attention({ q: bench.floats('q', q), y, kv, heads: 2, scale: 1, softCap });
        const actual = await bench.runFloats([dispatch], 1, y);
        expect(nansOf(actual)).toEqual(Array.from({ length: HEAD_SIZE }, (_, i) => HEAD_SIZE + i));
      });
    });

    it.each(KV_TYPES)('in a cache of %s', async (type) => {
      await withBench(deviceOf(), async (bench) => {
        bench.stepOf(1);
        const layer = { type, pool: 'all', kvHeads: 1, headSize: HEAD_SIZE, blocks: 1 } as const;
        const qkv = new Random(7).floats(3 * HEAD_SIZE);
        qkv[HEAD_SIZE] = NaN; // of the key
        qkv[2 * HEAD_SIZE + 32] = NaN; // of the value
        const kv = { ...layer, buffer: bench.empty('kv', kvLayerBytes(layer)) };
        const args = { qkv: bench.floats('qkv', qkv), q: bench.empty('q', 4 * HEAD_SIZE), kv, heads: 1 };
        const dispatch = ropeKv({ ...args, pairs: 0, table: 0, pairing: 'halves' });
        expect(keptNans(type, await bench.run([dispatch], 1, kv.buffer))).toEqual([0, 16 * HEAD_SIZE + 32]);
      });
    });

    it.each(rounded)('in a row that is rounded, %s', async (variant) => {
      await withBench(deviceOf(), async (bench) => {
        bench.stepOf(2);
        const [rows, columns] = [5, 96];
        const weights = bench.weights(randomMatrix(Q8_0, rows, columns, new Random(8)));
        const x = new Random(9).floats(2 * columns);
        x[columns + 40] = NaN;
        const y = bench.empty('y', 2 * rows * 4);
        const dispatch = matvec({ weights, x: bench.floats('x', x), y, yStride: rows, epilogue: 'store', variant });
        const actual = await bench.runFloats([dispatch], 2, y);
        expect(nansOf(rowOf(actual, 0, rows))).toEqual([]);
        expect(nansOf(rowOf(actual, 1, rows))).toHaveLength(rows);
      });
    });
  });
}
