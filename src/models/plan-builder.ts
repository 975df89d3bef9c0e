import { assert, defined } from '../base/assert';
import { divideUp } from '../base/units';
import type { Device, DeviceBuffer } from '../device/device';
import type { Dispatch, Plan } from '../device/plan';
import { attention, attentionMerge, ONE_RANGE, rangeTokens, type AttentionParts } from '../kernels/attention';
import { addBias } from '../kernels/add-bias';
import { argmax, candidateBytes } from '../kernels/candidates';
import { embed } from '../kernels/embed';
import { embedNorm } from '../kernels/embed-norm';
import { headNorm } from '../kernels/head-norm';
import { keepTokens, textBytes } from '../kernels/keep-tokens';
import { KV_BLOCK_TOKENS, kvLayerBytes, type KvLayer, type KvType } from '../kernels/kv-layout';
import type { LinearArgs, RowNorm } from '../kernels/linear';
import { matmul, usefulChunkWidths, type ChunkWidth } from '../kernels/matmul';
import {
  BATCH_WIDTHS,
  matvec,
  usefulWidths,
  type BatchWidth,
  type MatvecVariant,
  type RoundedVariant,
} from '../kernels/matvec';
import { penalise } from '../kernels/penalise';
import { qkv as fusedQkv, takesPairs } from '../kernels/qkv';
import { rmsnorm } from '../kernels/rmsnorm';
import { ropeKv } from '../kernels/rope-kv';
import { sample } from '../kernels/sample';
import { softcap } from '../kernels/softcap';
import { stepInputWords } from '../kernels/step-input';
import type { WeightMatrix } from '../kernels/weight-matrix';
import type { RoundedChoice } from './choose-variants';
import type { DeviceWeights } from './device-weights';
import { lowerFeedForward } from './feed-forward-lowering';
import { kvPoolOf, type KvSize } from './kv-size';
import {
  activationRows,
  allocateActivations,
  partsOf,
  type Activations,
  type Behind,
  type Linear,
  type LinearInput,
  type Lowering,
  type Normed,
} from './lowering';
import type { MatrixSlice } from './matrix-slices';
import type { AttentionBlock, HeadNorm, Network } from './network';
import type { LayerWeightPlan, MatrixPlan, VectorPlan, WeightPlan } from './weight-plan';

export interface PlanOptions {
  readonly matvec: MatvecVariant;
  /** Prompt rows that may share a reading of the weights; narrow ones first. */
  readonly chunks: readonly ChunkWidth[];
  /** For weights of its formats instead of `matvec`. */
  readonly rounded?: RoundedChoice | null;
  /** Rows of a decode step, or outputs, that may share a reading of the weights; narrow ones first. */
  readonly batch?: readonly BatchWidth[];
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
  /** Prompt rows → the residual stream and the KV cache; narrow chunks first. */
  readonly prefill: readonly WidthPlan[];
  /** The same for generated rows, with the decode kernels; narrow batches first. */
  readonly decode: readonly WidthPlan[];
  /** The rows that outputs name → logits; for prompt and generated rows alike; narrow batches first. */
  readonly head: readonly WidthPlan[];
  /** Before rows without outputs of their own: their tokens are kept for penalties of later rows. */
  readonly keep: Plan;
  /** Where outputs have penalties, between head and choice; keeps the tokens of their rows. */
  readonly penalise: Plan;
  readonly argmax: Plan;
  readonly sample: Plan;
  /** Positions of a range, by which workgroups share those of a generated row. */
  readonly rangeTokens: number;
  readonly stepInput: DeviceBuffer;
  readonly logits: DeviceBuffer; // [outputs × vocabulary] f32
  readonly argmaxResult: DeviceBuffer; // [outputs] (order key, id)
  readonly sampleResult: DeviceBuffer; // [outputs] (order key of the best, id)
}

/** A plan whose linear layers read the weights once for `width` rows. It runs for any number of rows, with the same bits. */
export interface WidthPlan {
  readonly width: number;
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

/** Builds the plans of one decoder over activations of its own. */
export class PlanBuilder implements Lowering {
  readonly activations: Activations;
  private readonly sampled: DeviceBuffer;
  readonly stepInput: DeviceBuffer;
  private readonly kv: readonly KvLayer[];
  private readonly parts: AttentionParts | null;
  private readonly rangeTokens: number;

  constructor(
    private readonly device: Device,
    private readonly network: Network,
    readonly weights: DeviceWeights,
    private readonly options: PlanOptions,
  ) {
    const { contextLength, window } = options.kv;
    const rows = activationRows(options);
    this.rangeTokens = device.isSoftware === true ? ONE_RANGE : rangeTokens(contextLength);
    this.parts = partsOf(device, network, contextLength, options.maxDecodeRows);
    this.activations = allocateActivations(device, network, rows, this.parts);
    this.sampled = device.createBuffer('sampled', options.slots * 4);
    const words = stepInputWords({
      rows,
      outputs: options.maxOutputs,
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
    const text = this.device.createBuffer('text', textBytes(options.kv.blocks)); // [blocks × block tokens] u32
    const candidates = { logits, size: network.vocabularySize, scratch, sampled: this.sampled, text };
    const best = argmax(candidates);
    const drawn = sample(candidates);
    const plan = (label: string, dispatches: readonly Dispatch[]): Plan => ({ label, stepInput, dispatches });
    return {
      prefill: this.prefill(weightPlan),
      decode: this.batches(options.maxDecodeRows, (batch) =>
        plan(`decode.${batch}`, this.decodeBody(weightPlan, batch)),
      ),
      head: this.head(weightPlan, logits),
      keep: plan('keep', [keepTokens(candidates)]),
      penalise: plan('penalise', [penalise(candidates)]),
      argmax: plan('argmax', best.dispatches),
      sample: plan('sample', drawn.dispatches),
      rangeTokens: this.rangeTokens,
      stepInput,
      logits,
      argmaxResult: best.result,
      sampleResult: drawn.result,
    };
  }

  /** A plan for each width that chunks have a use for. */
  prefill(weightPlan: WeightPlan): readonly WidthPlan[] {
    const { stepInput, options } = this;
    return usefulChunkWidths(options.chunks, options.maxChunkTokens).map((width) => {
      const linear: Linear = { of: (args) => matmul({ ...args, width }), fuses: false };
      return { width, plan: { label: `prefill.${width}`, stepInput, dispatches: this.body(weightPlan, linear, null) } };
    });
  }

  /** A plan for each batch width that steps of up to `most` rows have a use for. */
  private batches(most: number, plan: (width: BatchWidth) => Plan): readonly WidthPlan[] {
    const widths = usefulWidths(this.options.batch ?? BATCH_WIDTHS, most);
    return widths.map((width) => ({ width, plan: plan(width) }));
  }

  private decodeBody(weightPlan: WeightPlan, batch: BatchWidth): Dispatch[] {
    const of = (args: LinearArgs): Dispatch => matvec({ ...args, variant: this.shapeFor(args.weights), batch });
    return this.body(weightPlan, { of, fuses: true }, batch);
  }

  /** Tokens → residual stream. `batch`: of the decode kernels; `null`: by those of prompts. */
  private body(weightPlan: WeightPlan, linear: Linear, batch: BatchWidth | null): Dispatch[] {
    return this.network.layers.flatMap((layer, i) => {
      const layerWeights = defined(weightPlan.layers[i], `weights of layer ${i}`);
      const kv = defined(this.kv[i], `KV cache of layer ${i}`);
      const { attentionNorm } = layerWeights;
      const { dispatches, input } =
        i === 0
          ? this.embedded(weightPlan.embedding, attentionNorm, linear.fuses)
          : this.norm(attentionNorm, linear.fuses);
      return [
        ...dispatches,
        ...this.queries(layer.attention, layerWeights, input, kv, linear, batch),
        ...this.attention(layer.attention, layerWeights, kv, linear, batch !== null),
        ...lowerFeedForward(this, layer.feedForward, layerWeights, linear),
      ];
    });
  }

  private shapeFor({ format }: Pick<WeightMatrix, 'format'>): MatvecVariant | RoundedVariant {
    const { matvec: exact, rounded } = this.options;
    return rounded?.formats.includes(format.type) === true ? rounded.variant : exact;
  }

  /** Tokens → the residual stream, and what the first layer reads of it: where the table is one matrix, one dispatch gives both. */
  private embedded(embedding: MatrixPlan, norm: VectorPlan | null, byReaders: boolean): Normed {
    const { x, normed } = this.activations;
    const args = { sampled: this.sampled, y: x, scale: this.network.embeddingScale };
    const [slice, ...others] = embedding.slices;
    if (norm !== null && !byReaders && slice !== undefined && others.length === 0) {
      const { weight, epsilon } = this.rowNorm(norm);
      const weights = this.weights.matrix(slice);
      return { dispatches: [embedNorm({ ...args, weights, norm: weight, normed, epsilon })], input: { x: normed } };
    }
    const dispatches = embedding.slices.map((part) =>
      embed({ ...args, weights: this.weights.matrix(part), firstRow: part.firstRow }),
    );
    const stream = this.norm(norm, byReaders);
    return { ...stream, dispatches: [...dispatches, ...stream.dispatches] };
  }

  /**
   * What attention reads: rotated queries, and keys and values in the cache. `input`: the residual stream, normed where the block
   * has a norm before it.
   */
  private queries(
    block: AttentionBlock,
    plan: LayerWeightPlan,
    input: LinearInput,
    kv: KvLayer,
    linear: Linear,
    batch: BatchWidth | null,
  ): Dispatch[] {
    const { qkv, q } = this.activations;
    const { heads, headSize } = block;
    const rope = block.rope === null ? null : defined(this.network.ropes[block.rope], 'RoPE table');
    const turn = { q, kv, heads, pairs: rope?.pairs ?? 0, table: block.rope ?? 0 };
    const pairing = rope?.pairing ?? 'neighbours';
    const plain = pairing === 'neighbours' && takesPairs(kv) ? plainQkv(plan) : null;
    if (batch !== null && plain !== null) {
      return [
        fusedQkv({ ...turn, ...input, weights: this.weights.matrix(plain), variant: this.shapeFor(plain), batch }),
      ];
    }
    const stride = (heads + 2 * kv.kvHeads) * headSize;
    const ofKeys = { x: qkv, stride, offset: heads * headSize, heads: kv.kvHeads, headSize };
    return [
      ...this.beside(plan.qkv, input, qkv, stride, linear),
      ...this.biases(plan.qkvBias, qkv, stride),
      ...this.headNorm(plan.queryNorm, block.queryNorm, { x: qkv, stride, offset: 0, heads, headSize }),
      ...this.headNorm(plan.keyNorm, block.keyNorm, ofKeys),
      ropeKv({ ...turn, qkv, pairing }),
    ];
  }

  /** `isDecode`: the rows are few, so that workgroups may share the positions of each. */
  private attention(
    block: AttentionBlock,
    plan: LayerWeightPlan,
    kv: KvLayer,
    linear: Linear,
    isDecode: boolean,
  ): Dispatch[] {
    const { q, attended: y } = this.activations;
    const { heads, scale, softCap } = block;
    const sinks = plan.sinks === null ? {} : { sinks: this.weights.vector(plan.sinks) };
    const behind = { bias: plan.outputBias, norm: plan.attentionPostNorm };
    const isWide = this.device.isSoftware !== true;
    const { parts, rangeTokens: tokens } = this;
    const where = { y, kv, heads, window: block.window ?? 0, rangeTokens: tokens };
    const given = { ...where, q, scale, softCap: softCap ?? 0, ...sinks, isWide };
    const dispatches =
      parts !== null && isDecode
        ? [attention({ ...given, parts }), attentionMerge({ ...where, parts })]
        : [attention(given)];
    return [...dispatches, ...this.addTo(plan.output, y, behind, linear)];
  }

  /** Final norm and logits of the rows that outputs name: always the decode kernel, whatever the rows came from. */
  private head(weightPlan: WeightPlan, logits: DeviceBuffer): readonly WidthPlan[] {
    const { network, options, stepInput } = this;
    const { maxOutputs } = options;
    const { vocabularySize: size, logitScale: scale, logitSoftCap: cap } = network;
    const norm = this.rowNorm(weightPlan.outputNorm);
    const args = { x: this.activations.x, norm, y: logits, yStride: size, epilogue: 'store', scale } as const;
    const capped = cap === null ? [] : [softcap({ x: logits, size, cap })];
    return this.batches(maxOutputs, (batch) => {
      const of = (given: LinearArgs): Dispatch =>
        matvec({ ...given, variant: this.shapeFor(given.weights), batch, ofOutputs: true });
      const products = this.rowsOf(weightPlan.head, { of }, args);
      return { label: `head.${batch}`, stepInput, dispatches: [...products, ...capped] };
    });
  }

  get residualScale(): number {
    return this.network.residualScale;
  }

  get matvec(): MatvecVariant {
    return this.options.matvec;
  }

  norm(vector: VectorPlan | null, byReaders: boolean): Normed {
    const { x, normed } = this.activations;
    if (vector === null) return { dispatches: [], input: { x } };
    const norm = this.rowNorm(vector);
    if (byReaders) return { dispatches: [], input: { x, norm } };
    return { dispatches: [rmsnorm({ ...norm, hidden: this.network.hiddenSize, x, y: normed })], input: { x: normed } };
  }

  private rowNorm(vector: VectorPlan): RowNorm {
    return { weight: this.weights.vector(vector), epsilon: this.network.normEpsilon };
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

  biases(vectors: readonly VectorPlan[], x: DeviceBuffer, stride: number): Dispatch[] {
    let offset = 0;
    return vectors.map((vector) => {
      const dispatch = addBias({ x, bias: this.weights.vector(vector), size: vector.length, stride, offset });
      offset += vector.length;
      return dispatch;
    });
  }

  beside(
    matrices: readonly MatrixPlan[],
    input: LinearInput,
    y: DeviceBuffer,
    yStride: number,
    linear: Linear,
  ): Dispatch[] {
    let yOffset = 0;
    return matrices.flatMap((matrix) => {
      const dispatches = this.rowsOf(matrix, linear, { ...input, y, yStride, yOffset, epilogue: 'store' });
      yOffset += matrix.rows;
      return dispatches;
    });
  }

  /** One linear layer, a dispatch a slice: each writes the columns of its rows. */
  private rowsOf(matrix: MatrixPlan, { of }: Pick<Linear, 'of'>, args: Omit<LinearArgs, 'weights'>): Dispatch[] {
    return matrix.slices.map((slice) =>
      of({ ...args, weights: this.weights.matrix(slice), yOffset: (args.yOffset ?? 0) + slice.firstRow }),
    );
  }

  addTo(matrix: MatrixPlan, x: DeviceBuffer, { bias, norm }: Behind, linear: Linear): Dispatch[] {
    const { residualScale: scale } = this.network;
    const { x: stream, normed } = this.activations;
    const args = { x, yStride: matrix.rows };
    const biasOn = (y: DeviceBuffer): Dispatch[] => this.biases(bias === null ? [] : [bias], y, matrix.rows);
    if (norm === null) {
      assert(bias === null || scale === 1, 'a bias that joins the residual stream is not scaled');
      return [...this.rowsOf(matrix, linear, { ...args, y: stream, epilogue: 'add', scale }), ...biasOn(stream)];
    }
    return [
      ...this.rowsOf(matrix, linear, { ...args, y: normed, epilogue: 'store' }),
      ...biasOn(normed),
      rmsnorm({ ...this.rowNorm(norm), hidden: matrix.rows, x: normed, y: stream, epilogue: 'add', scale }),
    ];
  }
}

/** Q, K and V in one buffer with nothing between them and RoPE; `null` where they are not. */
function plainQkv({ qkv, qkvBias, queryNorm, keyNorm }: LayerWeightPlan): MatrixSlice | null {
  const [slice, ...others] = qkv.flatMap(({ slices }) => slices);
  const isPlain = others.length === 0 && qkvBias.length === 0 && queryNorm === null && keyNorm === null;
  return isPlain && slice !== undefined ? slice : null;
}
