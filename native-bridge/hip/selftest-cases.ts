import { activate } from '../../src/kernels/activation';
import { addBias } from '../../src/kernels/add-bias';
import { attendedBytes, attention, attentionMerge } from '../../src/kernels/attention';
import { argmax, candidateBytes } from '../../src/kernels/candidates';
import { glu } from '../../src/kernels/glu';
import { headNorm } from '../../src/kernels/head-norm';
import { kvLayerBytes, KV_TYPES, type KvLayer, type KvType } from '../../src/kernels/kv-layout';
import { keepTokens, textBytes } from '../../src/kernels/keep-tokens';
import { layernorm } from '../../src/kernels/layernorm';
import { penalise } from '../../src/kernels/penalise';
import { pool } from '../../src/kernels/pool';
import { relayout, relayoutRecord, relayoutWords } from '../../src/kernels/relayout';
import { rmsnorm } from '../../src/kernels/rmsnorm';
import { ropeKv } from '../../src/kernels/rope-kv';
import { sample } from '../../src/kernels/sample';
import { softcap } from '../../src/kernels/softcap';
import { planeLayout } from '../../src/quant/planes';
import { Q8_0 } from '../../src/quant/q8_0';
import {
  TABLE_PAIRS,
  TEST_BLOCKS,
  TEST_OUTPUTS,
  TEST_ROWS,
  type SelfTestBench,
  type SelfTestCase,
} from './selftest-bench';
import { QKV_HALVES_CASES, routedExperts } from './selftest-formats';

/** More than a workgroup has threads, and no multiple of them. */
const HIDDEN = 260;
const VOCABULARY = 2100;
/** An odd number: both planes end in the middle of a word. And more than a workgroup takes, the last byte of which is the source's. */
const RELAYOUT_BLOCKS = [67, 130] as const;
const HEADS = { heads: 4, kvHeads: 2, headSize: 32 } as const;

/** A kernel that changes what it is given. */
function ofRows(
  name: string,
  make: (bench: SelfTestBench) => Omit<ReturnType<SelfTestCase['prepare']>, 'exact'>,
): SelfTestCase {
  return { name, rows: TEST_ROWS, prepare: make };
}

function cacheOf(bench: SelfTestBench, type: KvType): KvLayer {
  const layer = { type, blocks: TEST_BLOCKS, kvHeads: HEADS.kvHeads, headSize: HEADS.headSize };
  return { ...layer, buffer: bench.empty(kvLayerBytes(layer) / 4), pool: 'all' };
}

/** Keys and values of each row are stored, and then attended to, with those before them that are zero. */
const ATTENTION = KV_TYPES.map((type) =>
  ofRows(`rope and attention, cache of ${type}`, (bench) => {
    const { heads, kvHeads, headSize } = HEADS;
    const kv = cacheOf(bench, type);
    const [q, y] = [bench.empty(TEST_ROWS * heads * headSize), bench.empty(TEST_ROWS * heads * headSize)];
    const qkv = bench.floats(TEST_ROWS * (heads + 2 * kvHeads) * headSize);
    return {
      dispatches: [
        ropeKv({ qkv, q, kv, heads, pairs: TABLE_PAIRS, table: 0, pairing: 'halves' }),
        attention({ q, y, kv, heads, scale: headSize ** -0.5, sinks: bench.floats(heads) }),
      ],
      result: y,
    };
  }),
);

/** Ranges of a block each, of which rows see one, two and three: most workgroups have nothing to do. */
const SHARED_ATTENTION = ofRows('attention shared by workgroups, and attention_merge', (bench) => {
  const { heads, kvHeads, headSize } = HEADS;
  const kv = cacheOf(bench, 'f16');
  const parts = { rows: TEST_ROWS };
  const y = bench.empty(attendedBytes(parts, heads, headSize) / 4);
  const q = bench.empty(TEST_ROWS * heads * headSize);
  const qkv = bench.floats(TEST_ROWS * (heads + 2 * kvHeads) * headSize);
  const args = { y, kv, heads, rangeTokens: 16, parts };
  return {
    dispatches: [
      ropeKv({ qkv, q, kv, heads, pairs: TABLE_PAIRS, table: 0, pairing: 'halves' }),
      attention({ ...args, q, scale: headSize ** -0.5, sinks: bench.floats(heads) }),
      attentionMerge(args),
    ],
    result: y,
    ranges: 49, // as others may see, so that workgroups share
  };
});

const NORMS: readonly SelfTestCase[] = [
  ofRows('rmsnorm', (bench) => {
    const y = bench.floats(TEST_ROWS * HIDDEN);
    const [x, weight] = [bench.floats(TEST_ROWS * HIDDEN), bench.floats(HIDDEN)];
    return {
      dispatches: [rmsnorm({ x, weight, y, hidden: HIDDEN, epsilon: 0.1, epilogue: 'add', scale: 0.5 })],
      result: y,
    };
  }),
  ofRows('layernorm', (bench) => {
    const x = bench.floats(TEST_ROWS * HIDDEN);
    const [weight, bias] = [bench.floats(HIDDEN), bench.floats(HIDDEN)];
    return { dispatches: [layernorm({ x, weight, bias, hidden: HIDDEN, epsilon: 0.1 })], result: x };
  }),
  ofRows('head_norm', (bench) => {
    const x = bench.floats(TEST_ROWS * HIDDEN);
    const args = { stride: HIDDEN, offset: 4, segments: 3, size: 64, epsilon: 0.1 };
    return { dispatches: [headNorm({ x, weight: bench.floats(64), ...args })], result: x };
  }),
];

const ELEMENTWISE: readonly SelfTestCase[] = [
  ofRows('add_bias', (bench) => {
    const x = bench.floats(TEST_ROWS * HIDDEN);
    return { dispatches: [addBias({ x, bias: bench.floats(100), size: 100, stride: HIDDEN, offset: 60 })], result: x };
  }),
  ofRows('glu', (bench) => {
    const y = bench.empty(TEST_ROWS * HIDDEN);
    const x = bench.floats(2 * TEST_ROWS * HIDDEN);
    return { dispatches: [glu({ x, y, size: HIDDEN, activation: 'swiglu-oai' })], result: y };
  }),
  ofRows('activation', (bench) => {
    const x = bench.floats(TEST_ROWS * HIDDEN);
    return { dispatches: [activate({ x, size: HIDDEN, activation: 'gelu' })], result: x };
  }),
  {
    name: 'softcap',
    rows: TEST_OUTPUTS,
    prepare(bench) {
      const x = bench.floats(TEST_OUTPUTS * HIDDEN);
      return { dispatches: [softcap({ x, size: HIDDEN, cap: 1.5 })], result: x };
    },
  },
  ofRows('pool', (bench) => {
    const y = bench.empty(HIDDEN);
    const x = bench.floats(TEST_ROWS * HIDDEN);
    return { dispatches: [pool({ x, y, hidden: HIDDEN, pooling: 'mean' })], result: y };
  }),
];

const OTHERS: readonly SelfTestCase[] = [
  ofRows('route and experts', (bench) =>
    routedExperts(bench, { format: Q8_0, experts: 6, rows: 70, columns: 96, hasBiases: true, variant: 'subgroup' }),
  ),
];

const RELAYOUT: readonly SelfTestCase[] = RELAYOUT_BLOCKS.map((blocks) => ({
  name: `relayout of ${blocks} blocks`,
  rows: relayoutWords(Q8_0, blocks),
  prepare(bench) {
    const planes = bench.empty(relayoutWords(Q8_0, blocks));
    const source = bench.noise(Math.ceil((blocks * Q8_0.blockBytes) / 4));
    const { sideOffsetBytes } = planeLayout(Q8_0, blocks);
    const at = { sourceWord: 0, mainWord: 0, sideWord: sideOffsetBytes / 4 };
    const step = bench.words(relayoutRecord.encode({ ...at, blocks }));
    return { dispatches: [relayout({ source, planes, format: Q8_0, record: 0 })], result: planes, step, exact: true };
  },
}));

/** Few tokens, so that they come again. */
const TEXT = Uint32Array.from({ length: textBytes(TEST_BLOCKS) / 4 }, (_, i) => (i * 7) % 11);

const TOKENS: readonly SelfTestCase[] = [
  {
    name: 'argmax',
    rows: TEST_OUTPUTS,
    prepare(bench) {
      const sampled = bench.empty(4);
      return { dispatches: argmax({ ...candidatesOf(bench), sampled }).dispatches, result: sampled, exact: true };
    },
  },
  {
    name: 'keep_tokens',
    rows: TEST_ROWS,
    prepare(bench) {
      const text = bench.words(TEXT);
      return { dispatches: [keepTokens({ text, sampled: bench.empty(4) })], result: text, exact: true };
    },
  },
  {
    name: 'penalties and the draw',
    rows: TEST_OUTPUTS,
    prepare(bench) {
      const sampled = bench.empty(4);
      const args = { ...candidatesOf(bench), sampled, text: bench.words(TEXT) };
      const { dispatches } = sample(args);
      return { dispatches: [penalise(args), ...dispatches], result: sampled, also: args.text, exact: true };
    },
  },
];

function candidatesOf(bench: SelfTestBench): Omit<Parameters<typeof argmax>[0], 'sampled'> {
  const words = candidateBytes(VOCABULARY, TEST_OUTPUTS) / 4;
  const scratch = [bench.empty(words), bench.empty(words)] as const;
  return { logits: bench.floats(TEST_OUTPUTS * VOCABULARY), size: VOCABULARY, scratch };
}

/** A case of every kernel that takes no block format, with every type of KV cache. */
export const SELF_TEST_CASES: readonly SelfTestCase[] = [
  ...NORMS,
  ...ELEMENTWISE,
  ...OTHERS,
  ...RELAYOUT,
  ...ATTENTION,
  SHARED_ATTENTION,
  ...QKV_HALVES_CASES,
  ...TOKENS,
];
