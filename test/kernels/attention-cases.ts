import { describe, expect, it } from 'vitest';
import type { Device } from '../../src/device/device';
import { attention } from '../../src/kernels/attention';
import type { KvType } from '../../src/kernels/kv-layout';
import { randomHalf } from './half';
import { attentionOracle, cacheElements, type CacheShape } from './oracle';
import { Random } from './random';
import type { DeviceOf } from './suite';
import { rowOf, withBench } from './workbench';

const HEAD_SIZES = [32, 64, 96, 128, 256];
const GROUPS = [1, 3, 4, 8];
const POSITIONS = [0, 15, 16, 63, 64, 65, 200];
const SEQUENCES = 2;
const TABLE_BLOCKS = 13;

interface Row {
  readonly position: number;
  readonly blocks: readonly number[];
}

interface AttentionCase {
  readonly type: KvType;
  readonly shape: CacheShape;
  readonly group: number;
  readonly scale: number;
  readonly rows: readonly Row[];
  /** The cache's values, and its bytes on the device. */
  readonly cache: Float64Array;
  readonly words: Uint32Array;
  readonly q: Float32Array;
}

/** Rows of two sequences with shuffled tables, in an order that is not theirs. `spread`: how large the scores are. */
function attentionCase(type: KvType, headSize: number, group: number, spread: number): AttentionCase {
  const random = new Random(headSize * 100 + group);
  const shape = { blocks: SEQUENCES * TABLE_BLOCKS + 2, kvHeads: 1 + (group % 2), headSize };
  const order = random.shuffled(shape.blocks);
  const all = Array.from({ length: SEQUENCES }, (_, s) =>
    order.slice(s * TABLE_BLOCKS, (s + 1) * TABLE_BLOCKS),
  ).flatMap((blocks) => POSITIONS.map((position) => ({ position, blocks })));
  const rows = random.shuffled(all.length).flatMap((i) => all[i] ?? []);
  const bits = new Uint16Array(cacheElements(shape));
  const cache = new Float64Array(bits.length);
  for (let i = 0; i < bits.length; i++) {
    const drawn = randomHalf(random);
    bits[i] = drawn.bits;
    cache[i] = drawn.value;
  }
  const words = new Uint32Array(type === 'f32' ? Float32Array.from(cache).buffer : bits.buffer);
  const q = random.floats(rows.length * shape.kvHeads * group * headSize, -spread, spread);
  return { type, shape, group, scale: 1 / Math.sqrt(headSize), rows, cache, words, q };
}

async function run(device: Device, args: AttentionCase): Promise<Float32Array> {
  return await withBench(device, async (bench) => {
    const { type, shape, group, scale, rows, q } = args;
    bench.step(rows.map((row, slot) => ({ token: 0, slot, ...row })));
    const kv = { buffer: bench.words('kv', args.words), type, ...shape };
    const y = bench.empty('y', q.byteLength);
    const dispatch = attention({ q: bench.floats('q', q), y, kv, heads: shape.kvHeads * group, scale });
    return await bench.runFloats([dispatch], rows.length, y);
  });
}

export function describeAttention(deviceOf: DeviceOf): void {
  describe('attention', () => {
    // All pairs of head size and group; the cache's type goes round so that each is met with each of both.
    const types = ['f16', 'f32'] as const;
    const cases = HEAD_SIZES.flatMap((headSize, i) =>
      GROUPS.map((group, j) => ({ headSize, group, type: types[(i + j) % 2] ?? 'f16' })),
    );

    it.each(cases)(
      '$type cache, head size $headSize, $group query heads a KV head',
      async ({ type, headSize, group }) => {
        const args = attentionCase(type, headSize, group, 1);
        attentionOracle(args).check(await run(deviceOf(), args), 'y');
      },
    );

    it.each(types)('%s cache, scores that leave one position all the weight', async (type) => {
      const args = attentionCase(type, 64, 3, 400);
      attentionOracle(args).check(await run(deviceOf(), args), 'y');
    });

    it.each(types)('%s cache: a row has the same bits alone and among others', async (type) => {
      const args = attentionCase(type, 64, 3, 1);
      const together = await run(deviceOf(), args);
      const width = args.shape.kvHeads * args.group * args.shape.headSize;
      for (const [i, row] of args.rows.entries()) {
        const alone = await run(deviceOf(), { ...args, rows: [row], q: rowOf(args.q, i, width) });
        expect(alone, `position ${row.position}`).toEqual(rowOf(together, i, width));
      }
    });
  });
}
