import { defined } from '../base/assert';
import { divideUp, roundUp } from '../base/units';
import type { Device, DeviceBuffer } from '../device/device';
import type { Dispatch } from '../device/plan';
import { activate } from '../kernels/activation';
import { addBias } from '../kernels/add-bias';
import { attention } from '../kernels/attention';
import { embed, type RowIndex } from '../kernels/embed';
import { glu } from '../kernels/glu';
import { KV_BLOCK_TOKENS, kvLayerBytes, type KvLayer } from '../kernels/kv-layout';
import { layernorm } from '../kernels/layernorm';
import { matmul, TOKEN_TILE, usefulChunkWidths, type ChunkWidth, type MatmulArgs } from '../kernels/matmul';
import { pool } from '../kernels/pool';
import { ropeKv } from '../kernels/rope-kv';
import { stepInputWords } from '../kernels/step-input';
import type { DeviceWeights } from './device-weights';
import type { EmbeddingPlans } from './embedding-plans';
import type { EncoderLayer, EncoderNetwork } from './encoder-network';
import type { AffinePlan, EncoderLayerPlan, EncoderWeightPlan, LayerNormPlan } from './encoder-weights';
import type { MatrixPlan } from './weight-plan';

export interface EncoderPlanOptions {
  /** Rows that may share a reading of the weights; narrow ones first. */
  readonly chunks: readonly ChunkWidth[];
  readonly kvBlocks: number;
  /** Tokens of the longest text: all of them are rows of one step, since each sees all others. */
  readonly contextLength: number;
}

/** Lowers an encoder to kernels. The caller owns every buffer made here, through the device. */
export function buildEncoderPlans(
  device: Device,
  network: EncoderNetwork,
  weightPlan: EncoderWeightPlan,
  weights: DeviceWeights,
  options: EncoderPlanOptions,
): EmbeddingPlans {
  return new EncoderPlanBuilder(device, network, weights, options).build(weightPlan);
}

/** Activations, allocated once for the longest text, [rows × …] f32. */
interface Activations {
  readonly x: DeviceBuffer; // [rows × hidden] the residual stream
  readonly qkv: DeviceBuffer; // [rows × (heads + 2·kvHeads)·headSize]
  readonly q: DeviceBuffer; // [rows × heads·headSize] rotated
  readonly attended: DeviceBuffer; // [rows × heads·headSize]
  readonly inner: DeviceBuffer; // [rows × size, or 2·size with a gate]
  readonly gated: DeviceBuffer; // [rows × size] with a gate, else the same as `inner`
}

class EncoderPlanBuilder {
  private readonly activations: Activations;
  /** Of all layers, one after the other: nothing of a layer is read once the next has begun. */
  private readonly kv: KvLayer;
  private readonly sampled: DeviceBuffer;
  private readonly stepInput: DeviceBuffer;

  constructor(
    private readonly device: Device,
    private readonly network: EncoderNetwork,
    private readonly weights: DeviceWeights,
    private readonly options: EncoderPlanOptions,
  ) {
    // Whole tiles of tokens: a kernel may read past the last row, never past the buffer.
    const rows = roundUp(options.contextLength, TOKEN_TILE);
    const buffer = (label: string, elements: number): DeviceBuffer => device.createBuffer(label, rows * elements * 4);
    const { heads, kvHeads, headSize, size, isGated } = shapeOf(network);
    const inner = buffer('inner', isGated ? 2 * size : size);
    this.activations = {
      x: buffer('x', network.hiddenSize),
      qkv: buffer('qkv', (heads + 2 * kvHeads) * headSize),
      q: buffer('q', heads * headSize),
      attended: buffer('attended', heads * headSize),
      inner,
      gated: isGated ? buffer('gated', size) : inner,
    };
    const kv = { type: 'f32', pool: 'all', kvHeads, headSize, blocks: options.kvBlocks } as const;
    this.kv = { ...kv, buffer: device.createBuffer('kv', kvLayerBytes(kv)) };
    this.sampled = device.createBuffer('sampled', 4); // of no use here: an encoder's tokens are all given
    const words = stepInputWords({
      rows,
      outputs: 1,
      sequences: 1,
      blocksPerSequence: divideUp(options.contextLength, KV_BLOCK_TOKENS),
      tablePairs: network.rope === null ? [] : [network.rope.pairs],
    });
    this.stepInput = device.createBuffer('step', words * 4);
  }

  build(weightPlan: EncoderWeightPlan): EmbeddingPlans {
    const { network, stepInput } = this;
    const { hiddenSize: hidden, pooling } = network;
    const embedding = this.device.createBuffer('embedding', hidden * 4);
    const { chunks, contextLength } = this.options;
    const prefill = usefulChunkWidths(chunks, contextLength).map((width) => ({
      width,
      plan: { label: `prefill.${width}`, stepInput, dispatches: this.rows(weightPlan, width) },
    }));
    const pooled = pool({ x: this.activations.x, y: embedding, hidden, pooling });
    return {
      prefill,
      pool: { label: 'pool', stepInput, dispatches: [pooled] },
      stepInput,
      embedding,
    };
  }

  /** Tokens → the state of each. */
  private rows(weightPlan: EncoderWeightPlan, width: ChunkWidth): Dispatch[] {
    const { layers } = this.network;
    return [
      ...this.embedding(weightPlan),
      ...layers.flatMap((layer, i) => this.layer(layer, defined(weightPlan.layers[i], `weights of layer ${i}`), width)),
    ];
  }

  /** norm(token + type + position) */
  private embedding(plan: EncoderWeightPlan): Dispatch[] {
    const rowsOf = (table: MatrixPlan | null, index: RowIndex, epilogue: 'store' | 'add'): Dispatch[] => {
      if (table === null) return [];
      const args = { sampled: this.sampled, y: this.activations.x, scale: 1, index, epilogue };
      return table.slices.map((slice) =>
        embed({ ...args, weights: this.weights.matrix(slice), firstRow: slice.firstRow }),
      );
    };
    return [
      ...rowsOf(plan.embedding, 'token', 'store'),
      ...rowsOf(plan.types, 'zero', 'add'),
      ...rowsOf(plan.positions, 'position', 'add'),
      this.norm(plan.embeddingNorm),
    ];
  }

  private layer(layer: EncoderLayer, plan: EncoderLayerPlan, width: ChunkWidth): Dispatch[] {
    const { x, qkv, q, attended, inner, gated } = this.activations;
    const { kv } = this;
    const { rope } = this.network;
    const { size, activation } = layer;
    const { heads, kvHeads, headSize } = layer.attention;
    const pairing = rope?.pairing ?? 'neighbours';
    const ofStream = { y: x, yStride: this.network.hiddenSize, epilogue: 'add', width } as const;
    return [
      ...this.affine(plan.qkv, { x, y: qkv, yStride: (heads + 2 * kvHeads) * headSize, epilogue: 'store', width }),
      ropeKv({ qkv, q, kv, heads, pairs: rope?.pairs ?? 0, table: 0, pairing }),
      attention({
        q,
        y: attended,
        kv,
        heads,
        scale: 1 / Math.sqrt(headSize),
        mutual: true,
        isWide: this.device.isSoftware !== true,
      }),
      ...this.affine(plan.output, { ...ofStream, x: attended }),
      this.norm(plan.attentionNorm),
      ...this.affine(plan.inner, { x, y: inner, yStride: layer.isGated ? 2 * size : size, epilogue: 'store', width }),
      layer.isGated ? glu({ x: inner, y: gated, size, activation }) : activate({ x: inner, size, activation }),
      ...this.affine(plan.down, { ...ofStream, x: gated }),
      this.norm(plan.outputNorm),
    ];
  }

  /** y = W·x + b, or that added to y; several matrices give their results beside each other. */
  private affine(plan: AffinePlan, args: Pick<MatmulArgs, 'x' | 'y' | 'yStride' | 'epilogue' | 'width'>): Dispatch[] {
    const { y, yStride } = args;
    let yOffset = 0;
    const products = plan.matrices.flatMap((matrix) => {
      const at = yOffset;
      yOffset += matrix.rows;
      return matrix.slices.map((slice) => {
        const weights = this.weights.matrix(slice);
        return matmul({ ...args, weights, yOffset: at + slice.firstRow });
      });
    });
    let offset = 0;
    const sums = plan.biases.map((vector) => {
      const { length: size } = vector;
      const dispatch = addBias({ x: y, bias: this.weights.vector(vector), size, stride: yStride, offset });
      offset += size;
      return dispatch;
    });
    return [...products, ...sums];
  }

  /** Of the residual stream, in place. */
  private norm({ weight, bias }: LayerNormPlan): Dispatch {
    const { hiddenSize: hidden, normEpsilon: epsilon } = this.network;
    const vectors = { weight: this.weights.vector(weight), bias: this.weights.vector(bias) };
    return layernorm({ x: this.activations.x, ...vectors, hidden, epsilon });
  }
}

/** All layers of an encoder have one shape. */
function shapeOf({ layers }: EncoderNetwork): EncoderLayer['attention'] & Pick<EncoderLayer, 'size' | 'isGated'> {
  const { attention: heads, size, isGated } = defined(layers[0], 'a layer');
  return { ...heads, size, isGated };
}
