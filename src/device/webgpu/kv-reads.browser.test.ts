import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { cacheElements } from '../../../test/kernels/oracle';
import { tablesOf, withBench } from '../../../test/kernels/workbench';
import { divideUp } from '../../base/units';
import { attendedBytes, attention, rangeTokens } from '../../kernels/attention';
import { KV_BLOCK_TOKENS, KV_TYPES, kvLayerBytes, type KvPool, type KvType } from '../../kernels/kv-layout';
import { openGpuDevice } from './adapter';
import { WebGpuDevice } from './webgpu-device';

// Words of the KV cache that attention reads, counted as it runs: each reading of one adds 1 to it.

const KV_WORD = /\bkv\[([^\]]*)\]/g;
const COUNTING = `
fn counted(word: u32) -> u32 { return atomicAdd(&kv[word], 1u); }
fn counted_f32(word: u32) -> f32 { return f32(atomicAdd(&kv[word], 1u)); }`;

/** `code` of a kernel that takes nothing from the cache but such counts, and leaves nothing else in it. */
function counting(code: string): string {
  const [, type] = /var<storage, read_write> kv: array<(\w+)>;/.exec(code) ?? [];
  if (type === undefined) return code;
  return (
    code
      .replace(/^.*\bkv\[[^\]]*\] = .*$/gm, '')
      .replace(KV_WORD, (_, word: string) => `counted${type === 'f32' ? '_f32' : ''}(${word})`)
      .replace(`kv: array<${type}>;`, 'kv: array<atomic<u32>>;') + COUNTING
  );
}

beforeEach(() => {
  const make = Reflect.get(GPUDevice.prototype, 'createShaderModule') as GPUDevice['createShaderModule'];
  vi.spyOn(GPUDevice.prototype, 'createShaderModule').mockImplementation(function (this: GPUDevice, descriptor) {
    return make.call(this, { ...descriptor, code: counting(descriptor.code) });
  });
});
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

/** What it would be of a kernel that reads the key and the value of each position once, and of no other. */
function ideal({ type, headSize }: Heads, position: number, window: number): Uint32Array {
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

const sum = (counts: Uint32Array): number => counts.reduce((all, count) => all + count, 0);

const SHAPES = [
  { headSize: 64, group: 3 },
  { headSize: 128, group: 4 },
  { headSize: 96, group: 1 },
  { headSize: 256, group: 4 },
];
/** Of whose quads four threads take no four at once, and that leave threads over. */
const ODD_SHAPES = [
  { headSize: 40, group: 2 },
  { headSize: 80, group: 1 },
];
const POSITIONS = [0, 16, 63, 64, 128, 300, 1100];
const WINDOWS = [0, 1, 65, 100, 900];

describe.each([
  { how: 'each thread', features: [] },
  { how: 'the threads of a quad', features: ['subgroups'] },
] as const)('of what $how may read', ({ features }) => {
  const shapes = KV_TYPES.flatMap((type) =>
    [...SHAPES, ...(type === 'q8_0' ? [] : ODD_SHAPES)].flatMap((shape) =>
      [true, false].map((isWide) => ({ type, ...shape, isWide })),
    ),
  );

  it.each(shapes)(
    '$type cache, head size $headSize, $group query heads a KV head, wide $isWide: what a text has, once',
    async (heads) => {
      const device = new WebGpuDevice({ ...(await openGpuDevice(navigator.gpu, { features })), isSoftware: true });
      try {
        for (const position of POSITIONS) {
          for (const window of WINDOWS) {
            const reads = await readsOf(device, heads, position, window);
            const least = ideal(heads, position, window);
            const of = `position ${position}, window ${window}`;
            expect(
              reads.map((count) => Math.min(count, 1)),
              of,
            ).toEqual(least);
            expect(sum(reads) / sum(least), of).toBe(1);
          }
        }
      } finally {
        device.close();
      }
    },
  );
});
