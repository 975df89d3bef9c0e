import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { withBench, type Workbench } from '../../../test/kernels/workbench';
import { countReads } from '../../../test/support/count-reads';
import { roundUp } from '../../base/units';
import { kvLayerBytes } from '../../kernels/kv-layout';
import { CHUNK_WIDTHS, matmul, TOKEN_TILE } from '../../kernels/matmul';
import { BYTE_VARIANTS, matvec, MATVEC_VARIANTS, type MatvecArgs } from '../../kernels/matvec';
import { qkv } from '../../kernels/qkv';
import { matrixPlanes, type WeightMatrix } from '../../kernels/weight-matrix';
import { Q4_1 } from '../../quant/q4_1';
import { QUANT_FORMATS } from '../../quant/registry';
import type { Dispatch } from '../plan';
import { openGpuDevice } from './adapter';
import { WebGpuDevice } from './webgpu-device';

/** Words that decode may read for each that the file has. */
const MOST = 1.3;
const HEADS = 9;
const KV = { kvHeads: 3, headSize: 64, blocks: 1, type: 'f16', pool: 'all' } as const;
const FEED_FORWARD = 1536;
/** The nearest to the default model's 576 that is whole blocks of every format. */
const HIDDEN = 512;
/** A layer's matrices, as the default model's, and a part of its output head. */
const MATRICES = [
  { use: 'qkv', rows: (HEADS + 2 * KV.kvHeads) * KV.headSize, columns: HIDDEN },
  { use: 'store', rows: HIDDEN, columns: HEADS * KV.headSize },
  { use: 'glu', rows: 2 * FEED_FORWARD, columns: HIDDEN },
  { use: 'add', rows: HIDDEN, columns: FEED_FORWARD },
  { use: 'store', rows: 4096, columns: HIDDEN },
] as const;
type Matrix = (typeof MATRICES)[number];

beforeEach(() => countReads('weights'));
afterEach(() => vi.restoreAllMocks());

function dispatchOf(
  bench: Workbench,
  use: Matrix['use'],
  weights: WeightMatrix,
  variant: MatvecArgs['variant'],
): Dispatch {
  const { rows, columns } = weights;
  const x = bench.empty('x', columns * 4);
  const y = bench.empty('y', rows * 4);
  if (use !== 'qkv') return matvec({ weights, x, y, yStride: rows, epilogue: use, variant });
  const kv = { ...KV, buffer: bench.empty('kv', kvLayerBytes(KV)) };
  return qkv({ weights, x, q: y, kv, heads: HEADS, pairs: 0, table: 0, variant });
}

/** How often the dispatch that `make` gives for a matrix reads each of its words, in a step of so many rows. */
async function readsOf(
  device: WebGpuDevice,
  matrix: Omit<WeightMatrix, 'buffer'>,
  rows: number,
  make: (bench: Workbench, weights: WeightMatrix) => Dispatch,
): Promise<Uint32Array> {
  return await withBench(device, async (bench) => {
    const buffer = bench.empty('weights', matrixPlanes(matrix).totalBytes);
    bench.stepOf(rows);
    const dispatch = make(bench, { ...matrix, buffer });
    const buffers = dispatch.buffers.map((use) => (use.buffer === buffer ? { ...use, access: 'write' as const } : use));
    return new Uint32Array((await bench.run([{ ...dispatch, buffers }], rows, buffer)).buffer);
  });
}

describe('the words of weights that a token reads, counted as kernels run', () => {
  let device: WebGpuDevice;
  beforeAll(async () => {
    device = new WebGpuDevice({ ...(await openGpuDevice(navigator.gpu, {})), isSoftware: true });
  });
  afterAll(() => device.close());

  const cases = QUANT_FORMATS.flatMap((format) =>
    [...MATVEC_VARIANTS, ...(format.inBytes ? BYTE_VARIANTS : [])].map((variant) => ({
      type: format.type,
      format,
      variant,
    })),
  );
  it.each(cases)('are few more than there are, and each is read: $type, $variant', async ({ format, variant }) => {
    let [read, ideal] = [0, 0];
    for (const matrix of MATRICES.filter(({ columns }) => columns % format.blockElements === 0)) {
      const counts = await readsOf(device, { ...matrix, format }, 1, (bench, weights) =>
        dispatchOf(bench, matrix.use, weights, variant),
      );
      expect(counts.includes(0), `${matrix.use} leaves words out`).toBe(false);
      read += counts.reduce((sum, count) => sum + count, 0);
      ideal += (matrix.rows * matrix.columns * format.blockBytes) / format.blockElements / 4;
    }
    expect(read / ideal).toBeGreaterThanOrEqual(1);
    expect(read / ideal).toBeLessThanOrEqual(MOST);
  });

  // Of a format whose units share no words.
  it.each(CHUNK_WIDTHS.flatMap((width) => [1, width - 1, width, width + 1].map((tokens) => ({ width, tokens }))))(
    'are those that there are, once a chunk: tiles of $width, $tokens tokens',
    async ({ width, tokens }) => {
      const rows = 960;
      const counts = await readsOf(device, { format: Q4_1, rows, columns: HIDDEN }, tokens, (bench, weights) => {
        const x = bench.empty('x', HIDDEN * roundUp(tokens, TOKEN_TILE) * 4);
        const y = bench.empty('y', rows * tokens * 4);
        return matmul({ weights, x, y, yStride: rows, epilogue: 'store', width });
      });
      expect([...new Set(counts)]).toEqual([tokens > width ? 2 : 1]);
    },
  );
});
