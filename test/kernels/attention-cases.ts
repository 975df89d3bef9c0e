import { describe, expect, it } from 'vitest';
import { defined } from '../../src/base/assert';
import type { Device } from '../../src/device/device';
import { attendedBytes, attention, attentionMerge } from '../../src/kernels/attention';
import { KV_BLOCK_TOKENS, KV_TYPES, type KvPool, type KvType } from '../../src/kernels/kv-layout';
import { randomCache } from './cache-oracle';
import { expectSame } from './expected';
import { attentionOracle, cacheElements, type CacheShape } from './oracle';
import { Random } from './random';
import type { DeviceOf } from './suite';
import { rowOf, tablesOf, withBench } from './workbench';

const HEAD_SIZES = [32, 64, 96, 128, 256];
const GROUPS = [1, 3, 4, 8];
/** Around the ends of blocks, and of tiles of 64 and 256 positions. */
const POSITIONS = [0, 15, 16, 63, 64, 65, 200, 255, 256, 530];
/** Inside a tile, a tile, and across tiles. */
const WINDOWS = [1, 5, 64, 65, 100, 256, 257];
const WIDTHS = [true, false];
/** Parts of a tile, no whole tiles, whole tiles. */
const RANGES = [40, 100, 256];
/** The most that there is place for, and more than any row of the cases sees, as others of a step may. */
const STEP_RANGES = 32;
const SEQUENCES = 2;
/** Where workgroups share what a window leaves of a text: windows of fewer positions are one's. */
const LONG = { window: 800, positions: [5, 799, 800, 900, 1100] } as const;
const NAN_HALF = 0x7e00;

interface Row {
  readonly position: number;
  readonly blocks: readonly number[];
}

interface AttentionCase {
  readonly type: KvType;
  readonly shape: CacheShape;
  readonly group: number;
  readonly scale: number;
  /** 0: all positions, scores not capped. */
  readonly window: number;
  readonly softCap: number;
  /** Of each head, or none. */
  readonly sinks: Float32Array | null;
  readonly mutual?: boolean;
  /** What has none has the most threads. */
  readonly isWide?: boolean;
  readonly rangeTokens?: number;
  /** Workgroups share the positions of a row. */
  readonly isShared?: boolean;
  readonly rows: readonly Row[];
  /** The cache's values, and its bytes on the device. */
  readonly cache: Float64Array;
  readonly words: Uint32Array;
  readonly q: Float32Array;
}

/** Rows of two sequences with shuffled tables, in an order that is not theirs. `spread`: how large the scores are. */
function attentionCase(
  type: KvType,
  headSize: number,
  group: number,
  spread: number,
  {
    window = 0,
    softCap = 0,
    sink = null,
    positions = POSITIONS,
  }: { window?: number; softCap?: number; sink?: number | null; positions?: readonly number[] } = {},
): AttentionCase {
  const random = new Random(headSize * 100 + group);
  const tableBlocks = Math.ceil((Math.max(...positions) + 1) / KV_BLOCK_TOKENS);
  const shape = { blocks: SEQUENCES * tableBlocks + 2, kvHeads: 1 + (group % 2), headSize };
  // Block 0, where a place of a tile that nobody has written would lead, is no sequence's.
  const order = random.shuffled(shape.blocks - 1).map((block) => block + 1);
  const all = Array.from({ length: SEQUENCES }, (_, s) => order.slice(s * tableBlocks, (s + 1) * tableBlocks)).flatMap(
    (blocks) => positions.map((position) => ({ position, blocks })),
  );
  const rows = random.shuffled(all.length).flatMap((i) => all[i] ?? []);
  const { values: cache, words } = randomCache(type, shape, random);
  const q = random.floats(rows.length * shape.kvHeads * group * headSize, -spread, spread);
  // Heads differ in their sinks, around what is asked for.
  const sinks = sink === null ? null : random.floats(shape.kvHeads * group, sink - 2, sink + 2);
  return { type, shape, group, scale: 1 / Math.sqrt(headSize), window, softCap, sinks, rows, cache, words, q };
}

/** The cache with NaN in all of block `block`. */
function withNans({ type, shape, words }: AttentionCase, block: number): Uint32Array {
  const spoilt = words.slice();
  const elements = cacheElements(shape);
  const each = elements / 2 / shape.blocks;
  const halves = new Uint16Array(spoilt.buffer);
  for (const first of [block * each, elements / 2 + block * each]) {
    if (type === 'f32') new Float32Array(spoilt.buffer).fill(NaN, first, first + each);
    if (type === 'f16') halves.fill(NAN_HALF, first, first + each);
  }
  // Of bytes the scales: behind those of both planes, a key's and its value's in turn.
  const scales = elements / 2 + (block * each) / 16;
  if (type === 'q8_0') halves.fill(NAN_HALF, scales, scales + each / 16);
  return spoilt;
}

async function run(device: Device, args: AttentionCase): Promise<Float32Array> {
  return await withBench(device, async (bench) => {
    const { type, shape, group, scale, window, softCap, sinks, mutual = false, isWide = true, isShared = false } = args;
    const { rangeTokens = 256, rows, q } = args;
    const pool: KvPool = window > 0 ? 'window' : 'all';
    bench.step(rows.map(({ position, blocks }, slot) => ({ token: 0, slot, position, ...tablesOf(pool, blocks) })));
    const kv = { buffer: bench.words('kv', args.words), type, pool, ...shape };
    const heads = shape.kvHeads * group;
    const parts = { rows: rows.length };
    // Whatever earlier steps left, none of it counts.
    const words = isShared ? attendedBytes(parts, heads, shape.headSize) / 4 : q.length;
    const y = bench.floats('y', new Float32Array(words).fill(NaN));
    const given = { y, kv, heads, window, rangeTokens };
    const limits = { softCap, mutual, isWide, ...(sinks === null ? {} : { sinks: bench.floats('sinks', sinks) }) };
    const ofSharers = { ...given, ...limits, q: bench.floats('q', q), scale, ...(isShared ? { parts } : {}) };
    const dispatches = [attention(ofSharers), ...(isShared ? [attentionMerge({ ...given, parts })] : [])];
    const before = device.counters().dispatches;
    const floats = await bench.runFloats(dispatches, rows.length, y, STEP_RANGES);
    expect(device.counters().dispatches - before).toBe(dispatches.length); // or they are not shared
    return floats.slice(0, q.length);
  });
}

/** With workgroups as GPUs have them, and as software adapters. */
async function checkWidths(device: Device, args: AttentionCase, what: string): Promise<void> {
  const oracle = attentionOracle(args);
  for (const isWide of WIDTHS) oracle.check(await run(device, { ...args, isWide }), `${what}, wide: ${isWide}`);
}

export function describeAttention(deviceOf: DeviceOf): void {
  describe('attention', () => {
    // Half of the pairs of head size and group; the cache's type goes round.
    const halves = HEAD_SIZES.flatMap((headSize, i) =>
      GROUPS.map((group, j) => ({ headSize, group, type: KV_TYPES[(i + j) % KV_TYPES.length] ?? 'f16' })),
    ).filter((_, n) => n % 2 === Math.floor(n / GROUPS.length) % 2);
    // Those with which fewer threads fit into a workgroup, 128 and 64; of whose quads threads take no four at once; that leave threads over.
    const odd = [
      { headSize: 64, group: 16, type: 'f16' },
      { headSize: 208, group: 13, type: 'f16' },
      { headSize: 40, group: 3, type: 'f16' },
      { headSize: 80, group: 5, type: 'f32' },
      { headSize: 16, group: 2, type: 'f32' },
    ] as const;
    const cases = [...halves, ...odd].flatMap((one) => WIDTHS.map((isWide) => ({ ...one, isWide })));

    it.each(cases)(
      '$type cache, head size $headSize, $group query heads a KV head, wide: $isWide',
      async ({ type, headSize, group, isWide }) => {
        const args = { ...attentionCase(type, headSize, group, 1), isWide };
        attentionOracle(args).check(await run(deviceOf(), args), 'y');
      },
    );

    it.each(KV_TYPES)('%s cache, scores that leave one position all the weight', async (type) => {
      for (const [group, isWide] of [[3, true] as const, [8, false] as const]) {
        const args = { ...attentionCase(type, 64, group, 400), isWide };
        attentionOracle(args).check(await run(deviceOf(), args), `wide: ${isWide}`);
      }
    });

    // Of one head size and group, as the pipelines above: windows and caps are parameters.
    const windows = KV_TYPES.flatMap((type) => WINDOWS.map((window) => ({ type, window })));
    it.each(windows)('$type cache, a window of $window', async ({ type, window }) => {
      await checkWidths(deviceOf(), attentionCase(type, 64, 3, 1, { window }), 'y');
    });

    // Tables name any block where nothing is seen any more: another sequence's, whose values may be no numbers.
    it.each(windows)('$type cache, a window of $window behind blocks of others', async ({ type, window }) => {
      const args = attentionCase(type, 64, 3, 1, { window });
      const used = new Set(args.rows.flatMap(({ blocks }) => blocks));
      const spare = defined(
        [...Array(args.shape.blocks).keys()].find((block) => !used.has(block)),
        'a spare block',
      );
      const rows = args.rows.map(({ position, blocks }) => {
        const forgotten = Math.floor(Math.max(0, position + 1 - window) / KV_BLOCK_TOKENS);
        return { position, blocks: blocks.map((block, i) => (i < forgotten ? spare : block)) };
      });
      const given = { ...args, words: withNans(args, spare), rows };
      const oracle = attentionOracle(args);
      for (const isWide of WIDTHS) oracle.check(await run(deviceOf(), { ...given, isWide }), `wide: ${isWide}`);
    });
  });

  describeShared(deviceOf);
  describeCapped(deviceOf);
  describeSinks(deviceOf);
}

function describeShared(deviceOf: DeviceOf): void {
  describe('attention that workgroups share', () => {
    const limits = [{}, LONG, { ...LONG, softCap: 20 }, { sink: 0 }, { ...LONG, sink: 30 }];
    const cases = KV_TYPES.flatMap((type) => limits.map((limit) => ({ type, ...limit })));
    it.each(cases)('is that of one: %j', async ({ type, ...limit }) => {
      for (const [headSize, group] of [
        [64, 3],
        [96, 8],
      ] as const) {
        const args = { ...attentionCase(type, headSize, group, 20, limit), isShared: true };
        const oracle = attentionOracle(args);
        for (const rangeTokens of RANGES) {
          oracle.check(await run(deviceOf(), { ...args, rangeTokens }), `ranges of ${rangeTokens}`);
        }
      }
    });

    it.each(cases)('and has the bits of one that takes all ranges of a row: %j', async ({ type, ...limit }) => {
      const args = attentionCase(type, 64, 3, 20, limit);
      for (const rangeTokens of RANGES) {
        const alone = await run(deviceOf(), { ...args, rangeTokens });
        expectSame(await run(deviceOf(), { ...args, rangeTokens, isShared: true }), alone, `ranges of ${rangeTokens}`);
      }
    });
  });
}

function describeCapped(deviceOf: DeviceOf): void {
  describe('attention with capped scores, and of rows to each other', () => {
    const caps = KV_TYPES.flatMap((type) =>
      [20, 50].flatMap((softCap) => [0, 65].map((window) => ({ type, softCap, window }))),
    );
    it.each(caps)('$type cache, scores capped to $softCap, a window of $window', async ({ type, softCap, window }) => {
      for (const spread of [1, 20, 400]) {
        const args = attentionCase(type, 64, 3, spread, { softCap, window });
        await checkWidths(deviceOf(), args, `spread ${spread}`);
      }
    });

    const lengths = KV_TYPES.flatMap((type) => [1, 16, 63, 64, 65, 200].map((length) => ({ type, length })));
    it.each(lengths)('$type cache, all $length rows of a sequence see each other', async ({ type, length }) => {
      const args = attentionCase(type, 32, 1, 1);
      const blocks = args.rows[0]?.blocks ?? [];
      const rows = Array.from({ length }, (_, position) => ({ position, blocks }));
      const q = new Random(length).floats(length * args.shape.kvHeads * 32);
      const whole = { ...args, rows, q, mutual: true };
      await checkWidths(deviceOf(), whole, 'y');
    });
  });
}

function describeSinks(deviceOf: DeviceOf): void {
  describe('attention with sinks, and in company', () => {
    // Below all scores, among them, and above all: then the head gives next to nothing.
    const sinks = KV_TYPES.flatMap((type) =>
      [-500, 0, 30].flatMap((sink) => [0, 65].map((window) => ({ type, sink, window }))),
    );
    it.each(sinks)('$type cache, sinks about $sink, a window of $window', async ({ type, sink, window }) => {
      for (const [headSize, group] of [
        [64, 8],
        [96, 3],
      ] as const) {
        for (const spread of [1, 20]) {
          const args = attentionCase(type, headSize, group, spread, { sink, window });
          await checkWidths(deviceOf(), args, `head size ${headSize}, spread ${spread}`);
        }
      }
    });

    const shapes = KV_TYPES.flatMap((type) => [{ type }, { type, window: 65, softCap: 20 }, { type, sink: 0 }]);
    it.each(shapes)('a row has the same bits alone and among others: %j', async ({ type, ...limits }) => {
      for (const isWide of WIDTHS) {
        const args = { ...attentionCase(type, 64, 3, 1, limits), isWide };
        const together = await run(deviceOf(), args);
        const width = args.shape.kvHeads * args.group * args.shape.headSize;
        for (const [i, row] of args.rows.entries()) {
          const alone = await run(deviceOf(), { ...args, rows: [row], q: rowOf(args.q, i, width) });
          expectSame(alone, rowOf(together, i, width), `position ${row.position}, wide: ${isWide}`);
        }
      }
    });
  });
}
