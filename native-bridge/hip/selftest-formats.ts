import { attention } from '../../src/kernels/attention';
import { embed } from '../../src/kernels/embed';
import { embedNorm } from '../../src/kernels/embed-norm';
import { expertMatvec } from '../../src/kernels/expert-matvec';
import { kvLayerBytes, type KvLayer } from '../../src/kernels/kv-layout';
import { MATVEC_VARIANTS, type MatvecVariant, type RoundedVariant } from '../../src/kernels/matvec';
import { qkv } from '../../src/kernels/qkv';
import { route } from '../../src/kernels/route';
import type { QuantFormat } from '../../src/quant/format';
import { Q8_0 } from '../../src/quant/q8_0';
import {
  TABLE_PAIRS,
  TEST_BLOCKS,
  TEST_ROWS,
  type Prepared,
  type SelfTestBench,
  type SelfTestCase,
} from './selftest-bench';

/** A row of blocks of any format. */
const COLUMNS = 256;
const HEADS = { heads: 2, kvHeads: 1, headSize: 16 } as const;
const QKV_ROWS = (HEADS.heads + 2 * HEADS.kvHeads) * HEADS.headSize;

type Shape = MatvecVariant | RoundedVariant;

/** What the kernels of attention before the first softmax leave: queries, and keys and values in the cache. */
function projection(bench: SelfTestBench, format: QuantFormat, variant: Shape, type: 'f32' | 'f16') {
  const { heads, kvHeads, headSize } = HEADS;
  const layer = { type, blocks: TEST_BLOCKS, kvHeads, headSize };
  const kv: KvLayer = { ...layer, buffer: bench.empty(kvLayerBytes(layer) / 4), pool: 'all' };
  const q = bench.empty(TEST_ROWS * heads * headSize);
  const x = bench.floats(TEST_ROWS * COLUMNS);
  const weights = bench.weights(format, QKV_ROWS, COLUMNS);
  return { q, kv, dispatch: qkv({ weights, x, q, kv, heads, pairs: TABLE_PAIRS, table: 0, variant }) };
}

function qkvCase(format: QuantFormat, variant: Shape): SelfTestCase {
  return {
    name: `qkv_${variant} of ${format.type}`,
    rows: TEST_ROWS,
    prepare(bench) {
      const { q, kv, dispatch } = projection(bench, format, variant, 'f32');
      return { dispatches: [dispatch], result: q, also: kv.buffer };
    },
  };
}

/** What is stored as halves, one number of which may be a bit off, is seen through attention. */
export const QKV_HALVES_CASES: readonly SelfTestCase[] = MATVEC_VARIANTS.map((variant) => ({
  name: `qkv_${variant} and attention, cache of f16`,
  rows: TEST_ROWS,
  prepare(bench) {
    const { heads } = HEADS;
    const { q, kv, dispatch } = projection(bench, Q8_0, variant, 'f16');
    const y = bench.empty(TEST_ROWS * heads * HEADS.headSize);
    // So small that no one score decides alone: the numbers before are large.
    return { dispatches: [dispatch, attention({ q, y, kv, heads, scale: 1e-4 })], result: y };
  },
}));

function expertCase(format: QuantFormat, variant: MatvecVariant): SelfTestCase {
  return {
    name: `expert_matvec (${variant}) of ${format.type}`,
    rows: TEST_ROWS,
    prepare: (bench) =>
      routedExperts(bench, { format, experts: 3, rows: 20, columns: COLUMNS, hasBiases: false, variant }),
  };
}

interface RoutedExperts {
  readonly format: QuantFormat;
  readonly experts: number;
  /** Of each expert's matrix. */
  readonly rows: number;
  readonly columns: number;
  readonly hasBiases: boolean;
  readonly variant: MatvecVariant;
}

/** Two experts of a row are chosen, and their matrices multiplied with it. */
export function routedExperts(bench: SelfTestBench, shape: RoutedExperts): Prepared {
  const { format, experts, rows, columns, hasBiases, variant } = shape;
  const used = 2;
  const routes = bench.empty(TEST_ROWS * used * 2);
  const y = bench.empty(TEST_ROWS * used * rows);
  const weights = bench.weights(format, experts * rows, columns);
  const layer = { weights, experts, used, routes, x: bench.floats(TEST_ROWS * columns), y, yStride: rows };
  const logits = bench.floats(TEST_ROWS * experts);
  const biases = hasBiases ? [bench.floats(experts * rows)] : [];
  return {
    dispatches: [
      route({ logits, routes, experts, used, scale: 1 }),
      expertMatvec({ ...layer, epilogue: 'store', biases, variant }),
    ],
    result: y,
  };
}

/**
 * A case of each kernel that reads weights of the format, but those of linear layers, which the self-test of models/self-test.ts has. `roundings`: the
 * shapes that round rows to bytes, where the device and the format have them.
 */
export function casesOfFormat(format: QuantFormat, roundings: readonly RoundedVariant[]): readonly SelfTestCase[] {
  return [
    {
      name: `embed of ${format.type}`,
      rows: TEST_ROWS,
      prepare(bench) {
        const y = bench.floats(TEST_ROWS * COLUMNS);
        const weights = bench.weights(format, 6, COLUMNS);
        return { dispatches: [embed({ weights, sampled: bench.empty(4), y, scale: 0.5, epilogue: 'add' })], result: y };
      },
    },
    {
      name: `embed_norm of ${format.type}`,
      rows: TEST_ROWS,
      prepare(bench) {
        const [y, normed] = [bench.empty(TEST_ROWS * COLUMNS), bench.empty(TEST_ROWS * COLUMNS)];
        const [weights, norm] = [bench.weights(format, 6, COLUMNS), bench.floats(COLUMNS)];
        const args = { weights, sampled: bench.empty(4), y, scale: 2, norm, normed, epsilon: 0.1 };
        return { dispatches: [embedNorm(args)], result: normed, also: y };
      },
    },
    ...[...MATVEC_VARIANTS, ...roundings].map((variant) => qkvCase(format, variant)),
    ...MATVEC_VARIANTS.map((variant) => expertCase(format, variant)),
  ];
}
