import { defined } from '../base/assert';
import { divideUp, roundUp } from '../base/units';
import type { Device, DeviceBuffer } from '../device/device';
import type { Dispatch, Plan } from '../device/plan';
import { attention } from '../kernels/attention';
import { addBias } from '../kernels/add-bias';
import { argmax, candidateBytes, topk } from '../kernels/candidates';
import { embed } from '../kernels/embed';
import { headNorm } from '../kernels/head-norm';
import { KV_BLOCK_TOKENS, kvLayerBytes, type KvLayer, type KvType } from '../kernels/kv-layout';
import type { LinearArgs } from '../kernels/linear';
import { matmul, TOKEN_TILE, type MatmulVariant } from '../kernels/matmul';
import { matvec, type MatvecVariant } from '../kernels/matvec';
import { rmsnorm } from '../kernels/rmsnorm';
import { ropeKv } from '../kernels/rope-kv';
import { softcap } from '../kernels/softcap';
import { stepInputWords } from '../kernels/step-input';
import { glu } from '../kernels/glu';
import type { DeviceWeights } from './device-weights';
import { kvPoolOf, type KvSize } from './kv-size';
import type { AttentionBlock, FeedForwardBlock, HeadNorm, Network } from './network';
import type { LayerWeightPlan, MatrixPlan, VectorPlan, WeightPlan } from './weight-plan';

export interface PlanOptions {
  readonly matvec: MatvecVariant;
  readonly matmul: MatmulVariant;
  readonly kvType: KvType;
  readonly kv: Pick<KvSize, 'contextLength' | 'blocks' | 'window'>;
  readonly maxChunkTokens: number;
  readonly maxDecodeRows: number;
  /** Requests that run together. */
  readonly slots: number;
  /** Rows of logits computed at once. */
  readonly maxOutputs: number;
}

/** A model's plans over one set of activations, allocated once. */
export interface ModelPlans {
  /** Prompt rows → the residual stream and the KV cache. */
  readonly prefill: Plan;
  /** The same for generated rows, with the decode kernels. */
  readonly decode: Plan;
  /** The rows that outputs name → logits; for prompt and generated rows alike. */
  readonly head: Plan;
  readonly argmax: Plan;
  readonly topk: Plan;
  readonly stepInput: DeviceBuffer;
  readonly logits: DeviceBuffer; // [outputs × vocabulary] f32
  readonly argmaxResult: DeviceBuffer; // [outputs] (order key, id)
  readonly topkResult: DeviceBuffer; // [outputs × 64] (order key, id)
}

/** Lowers a network to kernels. The caller owns every buffer made here, through the device. */
export function buildPlans(
  device: Device,
  network: Network,
  weightPlan: WeightPlan,
  weights: DeviceWeights,
  options: PlanOptions,
): ModelPlans {
  const builder = new PlanBuilder(device, network, weights, options);
  return builder.build(weightPlan);
}

/** Activations, allocated once for the largest step, [rows × …] f32. */
interface Activations {
  readonly x: DeviceBuffer; // [rows × hidden] the residual stream
  readonly normed: DeviceBuffer; // [rows × hidden]
  readonly qkv: DeviceBuffer; // [rows × (heads + 2·kvHeads)·headSize]
  readonly q: DeviceBuffer; // [rows × heads·headSize] rotated
  readonly attended: DeviceBuffer; // [rows × heads·headSize]
  readonly gateUp: DeviceBuffer; // [rows × 2·size]
  readonly gated: DeviceBuffer; // [rows × size]
}

type Linear = (args: LinearArgs) => Dispatch;

/** Builds the plans of one decoder over activations of its own. */
export class PlanBuilder {
  readonly activations: Activations;
  private readonly sampled: DeviceBuffer;
  readonly stepInput: DeviceBuffer;
  private readonly kv: readonly KvLayer[];

  constructor(
    private readonly device: Device,
    private readonly network: Network,
    private readonly weights: DeviceWeights,
    private readonly options: PlanOptions,
  ) {
    const { contextLength, window } = options.kv;
    // Whole tiles of tokens: a kernel may read past the last row, never past the buffer.
    const rows = roundUp(Math.max(options.maxChunkTokens, options.maxDecodeRows), TOKEN_TILE);
    const widest = (size: (layer: Network['layers'][number]) => number): number =>
      Math.max(...network.layers.map(size));
    const width = widest(({ attention: a }) => a.heads * a.headSize);
    const qkvWidth = widest(({ attention: a }) => (a.heads + 2 * a.kvHeads) * a.headSize);
    const size = widest(({ feedForward }) => feedForward.size);
    const buffer = (label: string, elements: number): DeviceBuffer => device.createBuffer(label, rows * elements * 4);
    this.activations = {
      x: buffer('x', network.hiddenSize),
      normed: buffer('normed', network.hiddenSize),
      qkv: buffer('qkv', qkvWidth),
      q: buffer('q', width),
      attended: buffer('attended', width),
      gateUp: buffer('gateUp', 2 * size),
      gated: buffer('gated', size),
    };
    this.sampled = device.createBuffer('sampled', options.slots * 4);
    const words = stepInputWords({
      rows,
      outputs: rows,
      sequences: options.slots,
      blocksPerSequence: divideUp(contextLength, KV_BLOCK_TOKENS) * (window === null ? 1 : 2),
      tablePairs: network.ropes.map((rope) => rope.pairs),
    });
    this.stepInput = device.createBuffer('step', words * 4);
    this.kv = network.layers.map(({ attention }, i) => {
      const { kvHeads, headSize } = attention;
      const pool = window === null ? 'all' : kvPoolOf(attention, contextLength);
      const blocks = pool === 'window' ? (window?.blocks ?? 0) : options.kv.blocks;
      const layer = { type: options.kvType, kvHeads, headSize, blocks, pool };
      return { ...layer, buffer: device.createBuffer(`kv.${i}`, kvLayerBytes(layer)) };
    });
  }

  build(weightPlan: WeightPlan): ModelPlans {
    const { network, options, stepInput } = this;
    const outputs = options.maxOutputs;
    const logits = this.device.createBuffer('logits', outputs * network.vocabularySize * 4);
    const scratchBytes = candidateBytes(network.vocabularySize, outputs);
    const scratch = [
      this.device.createBuffer('candidates.a', scratchBytes),
      this.device.createBuffer('candidates.b', scratchBytes),
    ] as const;
    const best = argmax({ logits, size: network.vocabularySize, scratch, sampled: this.sampled });
    const top = topk({ logits, size: network.vocabularySize, scratch });
    const plan = (label: string, dispatches: readonly Dispatch[]): Plan => ({ label, stepInput, dispatches });
    return {
      prefill: this.prefill(weightPlan),
      decode: plan(
        'decode',
        this.body(weightPlan, (args) => matvec({ ...args, variant: options.matvec }), true),
      ),
      head: plan('head', this.head(weightPlan, logits)),
      argmax: plan('argmax', best.dispatches),
      topk: plan('topk', top.dispatches),
      stepInput,
      logits,
      argmaxResult: best.result,
      topkResult: top.result,
    };
  }

  /** Prompt rows → the residual stream and the KV cache. */
  prefill(weightPlan: WeightPlan): Plan {
    const linear: Linear = (args) => matmul({ ...args, variant: this.options.matmul });
    return { label: 'prefill', stepInput: this.stepInput, dispatches: this.body(weightPlan, linear, false) };
  }

  /** Tokens → residual stream. `fusesGlu`: the linear kernel can end in SwiGLU. */
  private body(weightPlan: WeightPlan, linear: Linear, fusesGlu: boolean): Dispatch[] {
    const { network } = this;
    const dispatches = weightPlan.embedding.slices.map((slice) =>
      embed({
        weights: this.weights.matrix(slice),
        firstRow: slice.firstRow,
        sampled: this.sampled,
        y: this.activations.x,
        scale: network.embeddingScale,
      }),
    );
    network.layers.forEach((layer, i) => {
      const layerWeights = defined(weightPlan.layers[i], `weights of layer ${i}`);
      const kv = defined(this.kv[i], `KV cache of layer ${i}`);
      dispatches.push(...this.attention(layer.attention, layerWeights, kv, linear));
      dispatches.push(...this.feedForward(layer.feedForward, layerWeights, linear, fusesGlu));
    });
    return dispatches;
  }

  private attention(block: AttentionBlock, plan: LayerWeightPlan, kv: KvLayer, linear: Linear): Dispatch[] {
    const { x, qkv, q, attended } = this.activations;
    const { heads, headSize, scale } = block;
    const rope = block.rope === null ? null : defined(this.network.ropes[block.rope], 'RoPE table');
    const stride = (heads + 2 * kv.kvHeads) * headSize;
    const input = this.norm(plan.attentionNorm);
    return [
      ...input.dispatches,
      ...this.beside(plan.qkv, input.y, qkv, stride, linear),
      ...this.biases(plan.qkvBias, qkv, stride),
      ...this.headNorm(plan.queryNorm, block.queryNorm, { x: qkv, stride, offset: 0, heads, headSize }),
      ...this.headNorm(plan.keyNorm, block.keyNorm, {
        x: qkv,
        stride,
        offset: heads * headSize,
        heads: kv.kvHeads,
        headSize,
      }),
      ropeKv({
        qkv,
        q,
        kv,
        heads,
        pairs: rope?.pairs ?? 0,
        table: block.rope ?? 0,
        pairing: rope?.pairing ?? 'neighbours',
      }),
      attention({ q, y: attended, kv, heads, scale, window: block.window ?? 0, softCap: block.softCap ?? 0 }),
      ...this.addTo(x, plan.output, attended, plan.attentionPostNorm, linear),
    ];
  }

  private feedForward(block: FeedForwardBlock, plan: LayerWeightPlan, linear: Linear, fusesGlu: boolean): Dispatch[] {
    const { x, gateUp, gated } = this.activations;
    const { size, activation } = block;
    const input = this.norm(plan.feedForwardNorm);
    const [stacked, ...others] = plan.gateUp;
    const gate =
      stacked !== undefined && others.length === 0
        ? this.gated(stacked, input.y, block, linear, fusesGlu)
        : [
            ...this.beside(plan.gateUp, input.y, gateUp, 2 * size, linear),
            glu({ x: gateUp, y: gated, size, activation }),
          ];
    return [...input.dispatches, ...gate, ...this.addTo(x, plan.down, gated, plan.feedForwardPostNorm, linear)];
  }

  /** A slice of gate above up gives the columns of `gated` that its rows stand for. */
  private gated(
    matrix: MatrixPlan,
    x: DeviceBuffer,
    { size, activation }: FeedForwardBlock,
    linear: Linear,
    fusesGlu: boolean,
  ): Dispatch[] {
    const { gateUp, gated } = this.activations;
    return matrix.slices.flatMap((slice) => {
      const { rows, firstRow: yOffset } = slice;
      const weights = this.weights.matrix(slice);
      if (fusesGlu) return [linear({ weights, x, y: gated, yStride: size, yOffset, epilogue: 'glu', activation })];
      return [
        linear({ weights, x, y: gateUp, yStride: rows, epilogue: 'store' }),
        glu({ x: gateUp, y: gated, size: rows / 2, yStride: size, yOffset, activation }),
      ];
    });
  }

  /** Final norm and logits of the rows that outputs name: always the decode kernel, whatever the rows came from. */
  private head(weightPlan: WeightPlan, logits: DeviceBuffer): Dispatch[] {
    const { network, options } = this;
    const normed = this.device.createBuffer('output.normed', options.maxOutputs * network.hiddenSize * 4);
    const norm = rmsnorm({
      x: this.activations.x,
      weight: this.weights.vector(weightPlan.outputNorm),
      y: normed,
      hidden: network.hiddenSize,
      epsilon: network.normEpsilon,
      ofOutputs: true,
      scale: network.logitScale,
    });
    const linear: Linear = (args) => matvec({ ...args, variant: options.matvec });
    const args = { x: normed, y: logits, yStride: network.vocabularySize, epilogue: 'store' } as const;
    const cap = network.logitSoftCap;
    const capped = cap === null ? [] : [softcap({ x: logits, size: network.vocabularySize, cap })];
    return [norm, ...this.rowsOf(weightPlan.head, linear, args), ...capped];
  }

  /** The residual stream, normed where the block has a norm before it. */
  private norm(vector: VectorPlan | null): { readonly dispatches: readonly Dispatch[]; readonly y: DeviceBuffer } {
    const { x, normed } = this.activations;
    if (vector === null) return { dispatches: [], y: x };
    return { dispatches: [rmsnorm({ ...this.normArgs(vector), x, y: normed })], y: normed };
  }

  private normArgs(vector: VectorPlan): { weight: DeviceBuffer; hidden: number; epsilon: number } {
    const { hiddenSize, normEpsilon } = this.network;
    return { weight: this.weights.vector(vector), hidden: hiddenSize, epsilon: normEpsilon };
  }

  private headNorm(
    vector: VectorPlan | null,
    norm: HeadNorm | null,
    of: { x: DeviceBuffer; stride: number; offset: number; heads: number; headSize: number },
  ): Dispatch[] {
    if (vector === null || norm === null) return [];
    const { x, stride, offset, heads, headSize } = of;
    const [segments, size] = norm.whole ? [1, heads * headSize] : [heads, headSize];
    const weight = this.weights.vector(vector);
    return [headNorm({ x, weight, stride, offset, segments, size, epsilon: this.network.normEpsilon })];
  }

  private biases(vectors: readonly VectorPlan[], x: DeviceBuffer, stride: number): Dispatch[] {
    let offset = 0;
    return vectors.map((vector) => {
      const dispatch = addBias({ x, bias: this.weights.vector(vector), size: vector.length, stride, offset });
      offset += vector.length;
      return dispatch;
    });
  }

  /** Several matrices over one input, their results beside each other in a row of y. */
  private beside(
    matrices: readonly MatrixPlan[],
    x: DeviceBuffer,
    y: DeviceBuffer,
    yStride: number,
    linear: Linear,
  ): Dispatch[] {
    let yOffset = 0;
    return matrices.flatMap((matrix) => {
      const dispatches = this.rowsOf(matrix, linear, { x, y, yStride, yOffset, epilogue: 'store' });
      yOffset += matrix.rows;
      return dispatches;
    });
  }

  /** One linear layer, a dispatch a slice: each writes the columns of its rows. */
  private rowsOf(matrix: MatrixPlan, linear: Linear, args: Omit<LinearArgs, 'weights'>): Dispatch[] {
    return matrix.slices.map((slice) =>
      linear({ ...args, weights: this.weights.matrix(slice), yOffset: (args.yOffset ?? 0) + slice.firstRow }),
    );
  }

  /** stream += residualScale · matrix · x, the product normed first where the block has a norm behind it. */
  private addTo(
    stream: DeviceBuffer,
    matrix: MatrixPlan,
    x: DeviceBuffer,
    postNorm: VectorPlan | null,
    linear: Linear,
  ): Dispatch[] {
    const { residualScale: scale } = this.network;
    const args = { x, yStride: matrix.rows };
    if (postNorm === null) return this.rowsOf(matrix, linear, { ...args, y: stream, epilogue: 'add', scale });
    const { normed } = this.activations;
    return [
      ...this.rowsOf(matrix, linear, { ...args, y: normed, epilogue: 'store' }),
      rmsnorm({ ...this.normArgs(postNorm), x: normed, y: stream, epilogue: 'add', scale }),
    ];
  }
}
