import { describe, expect, it } from 'vitest';
import type { Device, DeviceBuffer } from '../../src/device/device';
import type { Dispatch, KernelName } from '../../src/device/plan';
import { activate } from '../../src/kernels/activation';
import { addBias } from '../../src/kernels/add-bias';
import { attendedBytes, attention, attentionMerge } from '../../src/kernels/attention';
import { argmax, candidateBytes, topk, TOP_K } from '../../src/kernels/candidates';
import { embed } from '../../src/kernels/embed';
import { embedNorm } from '../../src/kernels/embed-norm';
import { expertMatvec } from '../../src/kernels/expert-matvec';
import { glu } from '../../src/kernels/glu';
import { headNorm } from '../../src/kernels/head-norm';
import { textBytes } from '../../src/kernels/keep-tokens';
import { KV_BLOCK_TOKENS, KV_TYPES, kvLayerBytes, type KvLayer } from '../../src/kernels/kv-layout';
import { layernorm } from '../../src/kernels/layernorm';
import { chunkWidthsOf, matmul } from '../../src/kernels/matmul';
import { matvec, MATVEC_VARIANTS, type MatvecVariant } from '../../src/kernels/matvec';
import { penalise } from '../../src/kernels/penalise';
import { pool, POOLING_CODES, type Pooling } from '../../src/kernels/pool';
import { qkv } from '../../src/kernels/qkv';
import { rmsnorm } from '../../src/kernels/rmsnorm';
import { route } from '../../src/kernels/route';
import { ropeKv } from '../../src/kernels/rope-kv';
import { sample } from '../../src/kernels/sample';
import { softcap } from '../../src/kernels/softcap';
import type { StepInputDraw, StepInputPenalties, StepInputRow } from '../../src/kernels/step-input';
import { Q4_1 } from '../../src/quant/q4_1';
import { expectSame } from './expected';
import { Random } from './random';
import type { DeviceOf } from './suite';
import { randomMatrix } from './test-matrix';
import { withBench, type Workbench } from './workbench';

const ROWS = 16;
const [SIZE, HEADS, KV_HEADS, HEAD_SIZE] = [96, 4, 2, 64] as const;
const QKV = (HEADS + 2 * KV_HEADS) * HEAD_SIZE;
const PAIRS = HEAD_SIZE / 2;
const VOCABULARY = 1500;
const KV_BLOCKS = 10;

/** Rows of two sequences, each with a block table of its own, up to position 75. */
const STEP_ROWS: readonly StepInputRow[] = Array.from({ length: ROWS }, (_, i) => ({
  token: i % 3 === 0 ? null : (i * 7) % 70,
  position: i * 5,
  slot: i % 2,
  blocks: i % 2 === 0 ? [3, 1, 4, 9, 5] : [2, 6, 0, 8, 7],
}));

/** What the two sequences' slots were given last. */
const SAMPLED = Uint32Array.of(11, 42);

const DRAWS: readonly StepInputDraw[] = STEP_ROWS.map((_, i) => ({
  topK: 64 - i,
  temperature: 0.5 + i / 8,
  topP: 0.9,
  minP: 0.01,
  unit: i / ROWS,
}));

/** Of two rows in three, each over more tokens than the one before, across blocks. */
const PENALTIES: readonly (StepInputPenalties | null)[] = STEP_ROWS.map((_, i) =>
  i % 3 === 2 ? null : { repeat: 1.1 + i / 8, presence: 0.3, frequency: 0.2, tokens: 1 + 4 * i },
);

const matrix = randomMatrix(Q4_1, 70, SIZE, new Random(700));
const stacked = randomMatrix(Q4_1, QKV, SIZE, new Random(706));
const [EXPERTS, USED] = [5, 2] as const;
const experts = randomMatrix(Q4_1, EXPERTS * 33, SIZE, new Random(705));
const ropeTable = (position: number): Float32Array =>
  Float32Array.from({ length: 2 * PAIRS }, (_, i) => {
    const angle = position * 0.8 ** (i >> 1);
    return i % 2 === 0 ? Math.cos(angle) : Math.sin(angle);
  });

/** Some of the rows, on a bench: their inputs, and buffers that all pieces share. */
class Piece {
  readonly count: number;

  constructor(
    readonly bench: Workbench,
    private readonly from: number,
    private readonly to: number,
  ) {
    this.count = to - from;
    const outputs = Array.from({ length: this.count }, (_, i) => i);
    bench.step(STEP_ROWS.slice(from, to), outputs, [ropeTable], DRAWS.slice(from, to), PENALTIES.slice(from, to));
  }

  /** The piece's rows of an array [rows × width] of numbers that the seed stands for. */
  rows(width: number, seed = 701): DeviceBuffer {
    const all = new Random(seed).floats(ROWS * width, -4, 4);
    return this.bench.floats('rows', all.slice(this.from * width, this.to * width));
  }

  shared(length: number): DeviceBuffer {
    return this.bench.floats('shared', new Random(702).floats(length));
  }

  empty(wordsEach: number): DeviceBuffer {
    return this.bench.empty('y', this.count * wordsEach * 4);
  }

  /** The tokens of both sequences, those of the rows among them, which each row may find already kept. */
  text(): DeviceBuffer {
    const words = Uint32Array.from({ length: textBytes(KV_BLOCKS) / 4 }, (_, i) => (i * 3) % 50);
    for (const { token, position, slot, blocks } of STEP_ROWS) {
      const block = blocks[Math.floor(position / KV_BLOCK_TOKENS)] ?? NaN;
      words[block * KV_BLOCK_TOKENS + (position % KV_BLOCK_TOKENS)] = token ?? SAMPLED[slot] ?? NaN;
    }
    return this.bench.words('text', words);
  }

  /** A layer's cache with something in it. */
  cache(type: KvLayer['type']): KvLayer {
    const layer = { type, kvHeads: KV_HEADS, headSize: HEAD_SIZE, blocks: KV_BLOCKS, pool: 'all' } as const;
    // Small numbers as f32, and as halves.
    const words = Uint32Array.from({ length: kvLayerBytes(layer) / 4 }, (_, i) => 0x3c003800 + ((i * 37) % 509));
    return { ...layer, buffer: this.bench.words('kv', words) };
  }
}

/** Dispatches, and the buffer that then holds an answer for each row. */
interface Work {
  readonly dispatches: readonly Dispatch[];
  readonly result: DeviceBuffer;
  /** Words of a row's answer; all that `result` has for a row if not given. */
  readonly width?: number;
  /** Of the step, in which others may see more. */
  readonly ranges?: number;
}

type RowKernel = (piece: Piece) => Work;

const one = (result: DeviceBuffer, dispatch: Dispatch): Work => ({ dispatches: [dispatch], result });

const linear = (piece: Piece) => ({
  weights: piece.bench.weights(matrix),
  x: piece.rows(SIZE),
  y: piece.rows(matrix.rows, 703),
  yStride: matrix.rows,
  epilogue: 'add' as const,
});

const rotated = (piece: Piece, type: KvLayer['type']): Work => {
  const q = piece.empty(HEADS * HEAD_SIZE);
  const args = { qkv: piece.rows(QKV), q, heads: HEADS, pairs: PAIRS, table: 0, pairing: 'halves' } as const;
  return one(q, ropeKv({ ...args, kv: piece.cache(type) }));
};

const attended = (piece: Piece, type: KvLayer['type'], window: number): Work => {
  const y = piece.empty(HEADS * HEAD_SIZE);
  const args = { q: piece.rows(HEADS * HEAD_SIZE), y, heads: HEADS, scale: 0.1, window };
  return one(y, attention({ ...args, kv: piece.cache(type) }));
};

const shared = (piece: Piece, type: KvLayer['type'], window: number): Work => {
  const y = piece.empty(attendedBytes({ rows: 1 }, HEADS, HEAD_SIZE) / 4);
  const args = { y, heads: HEADS, window, rangeTokens: 64, parts: { rows: piece.count }, kv: piece.cache(type) };
  const dispatches = [attention({ ...args, q: piece.rows(HEADS * HEAD_SIZE), scale: 0.1 }), attentionMerge(args)];
  return { dispatches, result: y, width: HEADS * HEAD_SIZE, ranges: 32 };
};

const routed = (piece: Piece): Work => {
  const routes = piece.empty(2 * USED);
  return one(routes, route({ logits: piece.rows(EXPERTS), routes, experts: EXPERTS, used: USED, scale: 1 }));
};

const ofExperts = (piece: Piece, epilogue: 'store' | 'add', variant: MatvecVariant): Work => {
  const { dispatches, result: routes } = routed(piece);
  const rows = experts.rows / EXPERTS;
  const isSum = epilogue === 'add';
  const y = isSum ? piece.rows(rows, 703) : piece.empty(USED * rows);
  const x = piece.rows(isSum ? USED * SIZE : SIZE, 704);
  const args = { weights: piece.bench.weights(experts), experts: EXPERTS, used: USED, routes, x, y, biases: [] };
  return { dispatches: [...dispatches, expertMatvec({ ...args, yStride: rows, epilogue, variant })], result: y };
};

const candidates = (piece: Piece) => ({
  logits: piece.rows(VOCABULARY),
  size: VOCABULARY,
  scratch: [0, 1].map((i) =>
    piece.bench.empty(`scratch ${i}`, candidateBytes(VOCABULARY, piece.count)),
  ) as unknown as readonly [DeviceBuffer, DeviceBuffer],
});

const best = (piece: Piece): Work => ({ ...topk(candidates(piece)), width: 2 * TOP_K });

/** Every kernel that gives an answer for a row, which two do not (they have cases of their own): a new one has to be named here. */
const KERNELS: Readonly<Record<Exclude<KernelName, 'pool' | 'relayout'>, readonly RowKernel[]>> = {
  embed: [
    (piece) => {
      const y = piece.empty(SIZE);
      const sampled = piece.bench.words('sampled', Uint32Array.of(11, 42));
      return one(y, embed({ weights: piece.bench.weights(matrix), sampled, y, scale: 3 }));
    },
  ],
  embed_norm: [
    (piece) => {
      const normed = piece.empty(SIZE);
      const sampled = piece.bench.words('sampled', Uint32Array.of(11, 42));
      const args = { weights: piece.bench.weights(matrix), sampled, y: piece.empty(SIZE), scale: 3 };
      return one(normed, embedNorm({ ...args, norm: piece.shared(SIZE), normed, epsilon: 1e-5 }));
    },
  ],
  rmsnorm: [false, true].map((ofOutputs) => (piece) => {
    const y = piece.rows(SIZE, 703);
    const args = { x: piece.rows(SIZE), weight: piece.shared(SIZE), y, hidden: SIZE, epsilon: 1e-5 };
    return one(y, rmsnorm({ ...args, ofOutputs, epilogue: 'add' }));
  }),
  layernorm: [
    (piece) => {
      const x = piece.rows(SIZE);
      return one(
        x,
        layernorm({ x, weight: piece.shared(SIZE), bias: piece.shared(SIZE), hidden: SIZE, epsilon: 1e-5 }),
      );
    },
  ],
  head_norm: [
    (piece) => {
      const x = piece.rows(QKV);
      const args = { x, weight: piece.shared(HEAD_SIZE), stride: QKV, offset: HEAD_SIZE, size: HEAD_SIZE };
      return one(x, headNorm({ ...args, segments: 3, epsilon: 1e-5 }));
    },
  ],
  add_bias: [
    (piece) => {
      const x = piece.rows(QKV);
      return one(x, addBias({ x, bias: piece.shared(SIZE), size: SIZE, stride: QKV, offset: 5 }));
    },
  ],
  glu: (['silu', 'gelu'] as const).map((activation) => (piece) => {
    const y = piece.empty(SIZE);
    return one(y, glu({ x: piece.rows(2 * SIZE), y, size: SIZE, activation }));
  }),
  // All its batches have cases of their own.
  matvec: [
    (piece) => {
      const args = linear(piece);
      return one(args.y, matvec({ ...args, variant: 'rows', batch: 16 }));
    },
  ],
  // All its batches have cases of their own.
  qkv: [
    (piece) => {
      const q = piece.empty(HEADS * HEAD_SIZE);
      const args = { x: piece.rows(SIZE), q, kv: piece.cache('f16'), heads: HEADS, pairs: PAIRS, table: 0 };
      return one(q, qkv({ ...args, weights: piece.bench.weights(stacked), variant: 'rows', batch: 16 }));
    },
  ],
  matmul: chunkWidthsOf({}).map((width) => (piece) => {
    const args = linear(piece);
    return one(args.y, matmul({ ...args, width }));
  }),
  route: [routed],
  expert_matvec: (['store', 'add'] as const).flatMap((epilogue) =>
    MATVEC_VARIANTS.map((variant) => (piece: Piece) => ofExperts(piece, epilogue, variant)),
  ),
  activation: [
    (piece) => {
      const x = piece.rows(SIZE);
      return one(x, activate({ x, size: SIZE, activation: 'gelu' }));
    },
  ],
  rope_kv: KV_TYPES.map((type) => (piece) => rotated(piece, type)),
  attention: KV_TYPES.flatMap((type) => [0, 9].map((window) => (piece: Piece) => attended(piece, type, window))),
  attention_merge: KV_TYPES.flatMap((type) => [0, 900].map((window) => (piece: Piece) => shared(piece, type, window))),
  // What it makes is no rows: keep-tokens-cases.ts.
  keep_tokens: [],
  penalise: [
    (piece) => {
      const logits = piece.rows(SIZE);
      return one(
        logits,
        penalise({ logits, size: SIZE, sampled: piece.bench.words('sampled', SAMPLED), text: piece.text() }),
      );
    },
  ],
  argmax: [(piece) => ({ ...argmax({ ...candidates(piece), sampled: piece.bench.empty('sampled', 8) }), width: 2 })],
  // They run one after the other: the last one's answer is what matters.
  topk_chunks: [],
  topk_winners: [],
  topk: [best],
  sample: [(piece) => ({ ...sample({ ...candidates(piece), sampled: piece.bench.empty('sampled', 8) }), width: 2 })],
  softcap: [
    (piece) => {
      const x = piece.rows(SIZE);
      return one(x, softcap({ x, size: SIZE, cap: 3 }));
    },
  ],
};

/** The answers of rows from … to − 1, as words. */
async function answers(device: Device, kernel: RowKernel, from: number, to: number): Promise<Uint32Array> {
  return await withBench(device, async (bench) => {
    const piece = new Piece(bench, from, to);
    const { dispatches, result, width = result.sizeBytes / 4 / piece.count, ranges } = kernel(piece);
    const before = device.counters().dispatches;
    const bytes = await bench.run(dispatches, piece.count, result, ranges);
    expect(device.counters().dispatches - before).toBe(dispatches.length); // of a step that has work for each
    return new Uint32Array(bytes.buffer, bytes.byteOffset, width * piece.count);
  });
}

/** The words of the cache, one after the other, after all rows were written in two pieces that meet at `seam`. */
async function cacheAfter(device: Device, type: KvLayer['type'], seam: number): Promise<string> {
  return await withBench(device, async (bench) => {
    const kv = new Piece(bench, 0, 1).cache(type);
    for (const [from, to] of [
      [0, seam],
      [seam, ROWS],
    ] as const) {
      if (from === to) continue;
      const piece = new Piece(bench, from, to);
      const q = piece.empty(HEADS * HEAD_SIZE);
      const args = { qkv: piece.rows(QKV), q, heads: HEADS, pairs: PAIRS, table: 0, pairing: 'halves' } as const;
      await bench.run([ropeKv({ ...args, kv })], piece.count, q);
    }
    return (await bench.read(kv.buffer)).join(); // as text, which compares much faster than as an array
  });
}

/** The vectors of texts that are rows from … to − 1 of the same numbers, pooled one after the other in the same buffers. */
async function pooledTexts(
  device: Device,
  pooling: Pooling,
  texts: readonly (readonly [from: number, to: number])[],
): Promise<string[]> {
  return await withBench(device, async (bench) => {
    const numbers = new Random(707).floats(ROWS * SIZE, -4, 4);
    const x = bench.empty('x', ROWS * SIZE * 4);
    const y = bench.empty('y', SIZE * 4);
    const vectors: string[] = [];
    for (const [from, to] of texts) {
      device.write(x, 0, new Uint8Array(numbers.buffer).slice(from * SIZE * 4, to * SIZE * 4));
      bench.stepOf(to - from);
      vectors.push((await bench.run([pool({ x, y, hidden: SIZE, pooling })], 1, y)).join());
    }
    return vectors;
  });
}

/** A row has the same bits whoever runs beside it: 1 … 16 rows at once, cut anywhere. */
export function describeInvariance(deviceOf: DeviceOf): void {
  describe('a row has the same bits in any batch and any chunk', () => {
    const cases = Object.entries(KERNELS).flatMap(([name, kernels]) =>
      kernels.map((kernel, i) => ({ name: `${name} ${i + 1}`, kernel })),
    );
    it.each(cases)('$name', async ({ kernel }) => {
      const whole = await answers(deviceOf(), kernel, 0, ROWS);
      expect(whole.length % ROWS).toBe(0);
      // A piece at each seam, in turn before and behind it: of 1 … 15 rows.
      for (let seam = 1; seam < ROWS; seam++) {
        const [from, to] = seam % 2 === 1 ? [0, seam] : [seam, ROWS];
        const width = whole.length / ROWS;
        const piece = await answers(deviceOf(), kernel, from, to);
        expectSame(piece, whole.slice(from * width, to * width), `rows ${from} … ${to - 1}`);
      }
    });

    it.each(Object.keys(POOLING_CODES) as Pooling[])('what pool makes of a text by its %s', async (pooling) => {
      const texts = Array.from({ length: ROWS }, (_, i) => [i % 5, Math.max(ROWS - i, (i % 5) + 1)] as const);
      const among = await pooledTexts(deviceOf(), pooling, texts); // longer texts before, whose rows lie behind its own
      for (const [i, text] of texts.entries()) {
        expect(await pooledTexts(deviceOf(), pooling, [text]), `rows ${text.join(' … ')}`).toEqual([among[i]]);
      }
      // Its only row, wherever the text was cut.
      if (pooling === 'mean') return;
      const rows =
        pooling === 'last'
          ? ([
              [0, 9],
              [5, 9],
              [8, 9],
            ] as const)
          : ([
              [3, 12],
              [3, 8],
              [3, 4],
            ] as const);
      expect(new Set(await pooledTexts(deviceOf(), pooling, rows)).size).toBe(1);
    });

    it.each(KV_TYPES)('what rope_kv writes into a cache of %s', async (type) => {
      const whole = await cacheAfter(deviceOf(), type, ROWS);
      for (let seam = 1; seam < ROWS; seam++) {
        expect(await cacheAfter(deviceOf(), type, seam), `cut at ${seam}`).toBe(whole);
      }
    });
  });
}
