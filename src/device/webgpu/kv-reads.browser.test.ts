import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { cacheElements } from '../../../test/kernels/oracle';
import { tablesOf, withBench } from '../../../test/kernels/workbench';
import { countReads } from '../../../test/support/count-reads';
import { divideUp } from '../../base/units';
import { attendedBytes, attention, rangeTokens } from '../../kernels/attention';
import { KV_BLOCK_TOKENS, KV_TYPES, kvLayerBytes, type KvPool, type KvType } from '../../kernels/kv-layout';
import { openGpuDevice } from './adapter';
import { WebGpuDevice } from './webgpu-device';

beforeEach(() => countReads('kv'));
afterEach(() => vi.restoreAllMocks());

interface Heads {
  readonly type: KvType;
  readonly headSize: number;
  readonly group: number;
  readonly isWide: boolean;
}

const KV_HEADS = 2;

/** How often a decode step at `position` reads each word of the cache. */
async function readsOf(device: WebGpuDevice, heads: Heads, position: number, window: number): Promise<Uint32Array> {
  const { type, headSize, group, isWide } = heads;
  const context = position + 1;
  const shape = { kvHeads: KV_HEADS, headSize, blocks: divideUp(context, KV_BLOCK_TOKENS) };
  const pool: KvPool = window > 0 ? 'window' : 'all';
  return await withBench(device, async (bench) => {
    bench.step([{ token: 0, slot: 0, position, ...tablesOf(pool, [...Array(shape.blocks).keys()]) }]);
    const buffer = bench.empty('kv', kvLayerBytes({ ...shape, type }));
    const [tokens, parts] = [rangeTokens(context), { rows: 1 }];
    const queryHeads = KV_HEADS * group;
    const dispatch = attention({
      q: bench.empty('q', queryHeads * headSize * 4),
      y: bench.empty('y', attendedBytes(parts, queryHeads, headSize)),
      kv: { buffer, type, pool, ...shape },
      heads: queryHeads,
      scale: 1,
      window,
      isWide,
      rangeTokens: tokens,
      parts,
    });
    const bytes = await bench.run([dispatch], 1, buffer, divideUp(context, tokens));
    return new Uint32Array(bytes.buffer);
  });
}

/** How often one does that reads the key and the value of each position once, and no others. */
function onceEach({ type, headSize }: Heads, position: number, window: number): Uint32Array {
  const blocks = divideUp(position + 1, KV_BLOCK_TOKENS);
  const shape = { kvHeads: KV_HEADS, headSize, blocks };
  const counts = new Uint32Array(kvLayerBytes({ ...shape, type }) / 4);
  const wordElements = { f32: 1, f16: 2, q8_0: 4 }[type];
  const elements = cacheElements(shape);
  const first = window > 0 ? Math.max(0, position + 1 - window) : 0;
  for (let at = 0; at < elements; at += wordElements) {
    const [vector, plane] = [Math.floor(at / headSize), elements / 2 / headSize];
    const block = Math.floor((vector % plane) / KV_BLOCK_TOKENS / KV_HEADS);
    const token = block * KV_BLOCK_TOKENS + (vector % KV_BLOCK_TOKENS);
    if (token < first || token > position) continue;
    counts[at / wordElements] = 1;
    if (type === 'q8_0') counts[elements / 4 + Math.floor((at % (elements / 2)) / 32)] = 1;
  }
  return counts;
}

const SHAPES = [
  { headSize: 64, group: 3 },
  { headSize: 128, group: 4 },
  { headSize: 256, group: 4 },
  { headSize: 96, group: 1 }, // leaves threads over
];
/** Of whose quads four threads take no four at once, and that leave threads over; their elements have no scale. */
const ODD_SHAPES = [
  { headSize: 40, group: 2 },
  { headSize: 80, group: 1 },
];
/** Around the ends of what threads take together and of tiles; of windows that begin and end within them; with ranges that workgroups share. */
const TEXTS = [
  { position: 0, window: 0 },
  { position: 15, window: 0 },
  { position: 17, window: 0 },
  { position: 62, window: 0 },
  { position: 64, window: 0 },
  { position: 130, window: 0 },
  { position: 130, window: 1 },
  { position: 200, window: 65 },
  { position: 254, window: 0 },
  { position: 300, window: 100 },
  { position: 1100, window: 0 },
  { position: 1100, window: 900 },
] as const;

describe.each([
  { how: 'each thread for itself', features: [] },
  { how: 'the threads of a quad for each other', features: ['subgroups'] },
] as const)('attention that reads, $how,', ({ features }) => {
  let device: WebGpuDevice;
  beforeAll(async () => {
    device = new WebGpuDevice({ ...(await openGpuDevice(navigator.gpu, { features })), isSoftware: true });
  });
  afterAll(() => device.close());

  const shapes = KV_TYPES.flatMap((type) =>
    [...SHAPES, ...(type === 'q8_0' ? [] : ODD_SHAPES)].map((of) => ({ type, ...of })),
  );
  it.each(shapes)(
    'reads what there is of a text, once: $type cache, head size $headSize, $group query heads a KV head',
    async (shape) => {
      for (const isWide of [true, false]) {
        for (const { position, window } of TEXTS) {
          const heads = { ...shape, isWide };
          const [reads, once] = [await readsOf(device, heads, position, window), onceEach(heads, position, window)];
          const other = reads.findIndex((count, word) => count !== once[word]);
          const of = `position ${position}, window ${window}, wide ${isWide}: word ${other}`;
          expect({ of, reads: reads[other] }).toEqual({ of, reads: once[other] });
        }
      }
    },
  );
});
