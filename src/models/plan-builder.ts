import { defined } from '../base/assert';
import { roundUp } from '../base/units';
import type { Device, DeviceBuffer } from '../device/device';
import type { Dispatch, Plan } from '../device/plan';
import { attention } from '../kernels/attention';
import { addBias } from '../kernels/add-bias';
import { argmax, candidateBytes, topk } from '../kernels/candidates';
import { embed } from '../kernels/embed';
import { headNorm } from '../kernels/head-norm';
import { kvLayerBytes, type KvLayer, type KvType } from '../kernels/kv-layout';
import type { LinearArgs } from '../kernels/linear';
import { matmul, TOKEN_TILE, type MatmulVariant } from '../kernels/matmul';
import { BATCH_WIDTHS, matvec, usefulWidths, type BatchWidth, type MatvecVariant } from '../kernels/matvec';
import { rmsnorm } from '../kernels/rmsnorm';
import { ropeKv } from '../kernels/rope-kv';
import { softcap } from '../kernels/softcap';
import { stepInputWords } from '../kernels/step-input';
import { glu } from '../kernels/glu';
import type { WeightMatrix } from '../kernels/weight-matrix';
import type { DeviceWeights } from './device-weights';
import type { AttentionBlock, FeedForwardBlock, HeadNorm, Network } from './network';
import type { LayerWeightPlan, MatrixPlan, VectorPlan, WeightPlan } from './weight-plan';

export interface PlanOptions {
  readonly matvec: MatvecVariant;
  readonly matmul: MatmulVariant;
  /** Rows of a decode step, or outputs, that may share a reading of the weights. */
  readonly batch?: readonly BatchWidth[];
  readonly kvType: KvType;
  readonly kvBlocks: number;
  /** Blocks the longest request may hold. */
  readonly blocksPerSequence: number;
  readonly maxChunkTokens: number;
  readonly maxDecodeRows: number;
  /** Rows of logits computed at once. */
  readonly maxOutputs: number;
}

/** A model's plans over one set of activations, allocated once. */
export interface ModelPlans {
  /** Prompt rows → the residual stream and the KV cache. */
  readonly prefill: Plan;
  /** The same for generated rows, with the decode kernels; narrow batches first. */
  readonly decode: readonly BatchPlan[];
  /** The rows that outputs name → logits; for prompt and generated rows alike; narrow batches first. */
  readonly head: readonly BatchPlan[];
  readonly argmax: Plan;
  readonly topk: Plan;
  readonly stepInput: DeviceBuffer;
  readonly logits: DeviceBuffer; // [outputs × vocabulary] f32
  readonly argmaxResult: DeviceBuffer; // [outputs] (order key, id)
  readonly topkResult: DeviceBuffer; // [outputs × 64] (order key, id)
}

/** A plan whose matvecs read the weights once for `width` rows. It runs for any number of rows, with the same bits. */
export interface BatchPlan {
  readonly width: BatchWidth;
  readonly plan: Plan;
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

class PlanBuilder {
  private readonly activations: Activations;
  private readonly sampled: DeviceBuffer;
  private readonly stepInput: DeviceBuffer;
  private readonly kv: readonly KvLayer[];

  constructor(
    private readonly device: Device,
    private readonly network: Network,
    private readonly weights: DeviceWeights,
    private readonly options: PlanOptions,
  ) {
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
    this.sampled = device.createBuffer('sampled', options.maxDecodeRows * 4);
    const words = stepInputWords({
      rows,
      outputs: rows,
      sequences: options.maxDecodeRows,
      blocksPerSequence: options.blocksPerSequence,
      tablePairs: network.ropes.map((rope) => rope.pairs),
    });
    this.stepInput = device.createBuffer('step', words * 4);
    this.kv = network.layers.map(({ attention: { kvHeads, headSize } }, i) => {
      const layer = { type: options.kvType, kvHeads, headSize, blocks: options.kvBlocks };
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
      prefill: plan(
        'prefill',
        this.body(weightPlan, (args) => matmul({ ...args, variant: options.matmul }), false),
      ),
      decode: this.batches(options.maxDecodeRows, (batch) => {
        const linear: Linear = (args) => matvec({ ...args, variant: options.matvec, batch });
        return plan(`decode.${batch}`, this.body(weightPlan, linear, true));
      }),
      head: this.head(weightPlan, logits),
      argmax: plan('argmax', best.dispatches),
      topk: plan('topk', top.dispatches),
      stepInput,
      logits,
      argmaxResult: best.result,
      topkResult: top.result,
    };
  }

  /** A plan for each batch width that steps of up to `most` rows have a use for. */
  private batches(most: number, plan: (width: BatchWidth) => Plan): readonly BatchPlan[] {
    const widths = usefulWidths(this.options.batch ?? BATCH_WIDTHS, most);
    return widths.map((width) => ({ width, plan: plan(width) }));
  }

  /** Tokens → residual stream. `fusesGlu`: the linear kernel can end in SwiGLU. */
  private body(weightPlan: WeightPlan, linear: Linear, fusesGlu: boolean): Dispatch[] {
    const { network } = this;
    const dispatches = [
      embed({
        weights: this.weights.matrix(weightPlan.embedding),
        sampled: this.sampled,
        y: this.activations.x,
        scale: network.embeddingScale,
      }),
    ];
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
      fusesGlu && stacked !== undefined && others.length === 0
        ? [
            linear({
              weights: this.weights.matrix(stacked),
              x: input.y,
              y: gated,
              yStride: size,
              epilogue: 'glu',
              activation,
            }),
          ]
        : [
            ...this.beside(plan.gateUp, input.y, gateUp, 2 * size, linear),
            glu({ x: gateUp, y: gated, size, activation }),
          ];
    return [...input.dispatches, ...gate, ...this.addTo(x, plan.down, gated, plan.feedForwardPostNorm, linear)];
  }

  /** Final norm and logits of the rows that outputs name: always the decode kernel, whatever the rows came from. */
  private head(weightPlan: WeightPlan, logits: DeviceBuffer): readonly BatchPlan[] {
    const { network, options, stepInput } = this;
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
    const weights: WeightMatrix = this.weights.matrix(weightPlan.head);
    const linear = { weights, x: normed, y: logits, yStride: network.vocabularySize, epilogue: 'store' } as const;
    const cap = network.logitSoftCap;
    const capped = cap === null ? [] : [softcap({ x: logits, size: network.vocabularySize, cap })];
    return this.batches(options.maxOutputs, (batch) => {
      const head = matvec({ ...linear, variant: options.matvec, batch, ofOutputs: true });
      return { label: `head.${batch}`, stepInput, dispatches: [norm, head, ...capped] };
    });
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
    return matrices.map((matrix) => {
      const dispatch = linear({ weights: this.weights.matrix(matrix), x, y, yStride, yOffset, epilogue: 'store' });
      yOffset += matrix.rows;
      return dispatch;
    });
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
    const args = { weights: this.weights.matrix(matrix), x, yStride: matrix.rows };
    if (postNorm === null) return [linear({ ...args, y: stream, epilogue: 'add', scale })];
    const { normed } = this.activations;
    return [
      linear({ ...args, y: normed, epilogue: 'store' }),
      rmsnorm({ ...this.normArgs(postNorm), x: normed, y: stream, epilogue: 'add', scale }),
    ];
  }
}
