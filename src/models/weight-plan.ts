import { defined } from '../base/assert';
import { ForgelightError } from '../base/errors';
import type { GgufFile, GgufTensor } from '../gguf/types';
import { attentionProblem } from '../kernels/attention';
import { routeProblem } from '../kernels/route';
import { UNIT_ELEMENTS } from '../kernels/weight-matrix';
import type { QuantFormat } from '../quant/format';
import { quantFormat } from '../quant/registry';
import { granuleBlocks, sliceMatrix, type MatrixShape, type MatrixSlice, type Slicing } from './matrix-slices';
import type { AttentionBlock, ExpertsBlock, HeadNorm, Layer, Network, Rope, Stacked } from './network';
import { ropeTensors } from './rope';

/**
 * A matrix of the network: one tensor, or several of one format and row length stacked. A tensor of experts is a matrix of
 * all their rows, expert by expert.
 */
export interface MatrixPlan extends MatrixShape {
  /** Its rows as they will lie on the device, a buffer each: one, unless a buffer cannot hold them all. */
  readonly slices: readonly MatrixSlice[];
}

/** A norm's weights, biases: f32 on the device whatever the file has. */
export interface VectorPlan {
  readonly name: string;
  readonly tensor: GgufTensor;
  readonly format: QuantFormat;
  readonly length: number;
}

/** What is allocated and uploaded of a model of any kind. */
export interface PlannedTensors {
  readonly hostTensors: readonly VectorPlan[];
  readonly matrices: readonly MatrixPlan[];
  readonly vectors: readonly VectorPlan[];
}

/**
 * Where every tensor of a network goes. A layer's `qkv` and `gateUp` hold one stacked matrix, or one for each operand; the
 * slices of a stacked `gateUp` hold gate above up each.
 */
export interface WeightPlan {
  /** Small tensors that the host needs, whatever the context. */
  readonly hostTensors: readonly VectorPlan[];
  readonly embedding: MatrixPlan;
  readonly head: MatrixPlan;
  readonly outputNorm: VectorPlan;
  readonly layers: readonly LayerWeightPlan[];
}

export interface LayerWeightPlan {
  readonly attentionNorm: VectorPlan | null;
  readonly qkv: readonly MatrixPlan[];
  /** One for each part of `qkv`; empty: none. */
  readonly qkvBias: readonly VectorPlan[];
  readonly queryNorm: VectorPlan | null;
  readonly keyNorm: VectorPlan | null;
  readonly sinks: VectorPlan | null;
  readonly output: MatrixPlan;
  readonly outputBias: VectorPlan | null;
  readonly attentionPostNorm: VectorPlan | null;
  readonly feedForwardNorm: VectorPlan | null;
  readonly gateUp: readonly MatrixPlan[];
  readonly down: MatrixPlan;
  readonly feedForwardPostNorm: VectorPlan | null;
  /** What only experts have. */
  readonly experts: ExpertWeightPlan | null;
}

export interface ExpertWeightPlan {
  readonly router: MatrixPlan;
  readonly routerBias: VectorPlan | null;
  /** [experts·rows] each. */
  readonly biases: { readonly gate: VectorPlan; readonly up: VectorPlan; readonly down: VectorPlan } | null;
}

/**
 * `maxBufferBytes`: of the device, where it is known. Throws `bad-gguf` for a missing tensor or a wrong shape,
 * `unsupported-…` for what the kernels cannot take and `out-of-memory` for what no buffer can hold.
 */
export function planWeights(network: Network, file: GgufFile, maxBufferBytes = Infinity): WeightPlan {
  const planner = new Planner(file, maxBufferBytes);
  const { hiddenSize, vocabularySize } = network;
  const embedding = planner.matrix(network.embedding, vocabularySize, hiddenSize);
  return {
    embedding,
    head: network.head === network.embedding ? embedding : planner.matrix(network.head, vocabularySize, hiddenSize),
    outputNorm: planner.vector(network.outputNorm, hiddenSize),
    hostTensors: planHostTensors(planner, network.ropes),
    layers: network.layers.map((layer) => planLayer(planner, layer, hiddenSize)),
  };
}

/** Every matrix once, every vector once: what is allocated and uploaded. */
export function allWeights(plan: WeightPlan | PlannedTensors): Pick<PlannedTensors, 'matrices' | 'vectors'> {
  if ('matrices' in plan) return plan;
  const routers = plan.layers.flatMap(({ experts }) => (experts === null ? [] : [experts.router]));
  const matrices = plan.layers.flatMap((layer) => [...layer.qkv, layer.output, ...layer.gateUp, layer.down]);
  const vectors = plan.layers.flatMap((layer) => [
    layer.attentionNorm,
    ...layer.qkvBias,
    layer.queryNorm,
    layer.keyNorm,
    layer.sinks,
    layer.outputBias,
    layer.attentionPostNorm,
    layer.feedForwardNorm,
    layer.feedForwardPostNorm,
    layer.experts?.routerBias ?? null,
    ...Object.values(layer.experts?.biases ?? {}),
  ]);
  return {
    matrices: [...new Set([plan.embedding, plan.head, ...matrices, ...routers])],
    vectors: [plan.outputNorm, ...vectors.filter((vector) => vector !== null)],
  };
}

/** Tensors of the file that nothing would read: a model that has them computes something that we would leave out. */
export function unusedTensors(plan: WeightPlan | PlannedTensors, file: GgufFile): readonly string[] {
  const { matrices, vectors } = allWeights(plan);
  const used = new Set([
    ...matrices.flatMap(({ slices }) => slices.flatMap(({ parts }) => parts.map(({ tensor }) => tensor.name))),
    ...[...vectors, ...plan.hostTensors].map(({ tensor }) => tensor.name),
  ]);
  return file.tensors.map(({ name }) => name).filter((name) => !used.has(name));
}

/** Each once, however many tables use it: the upload meets a tensor's bytes only once. */
export function planHostTensors(planner: Planner, ropes: readonly Rope[]): readonly VectorPlan[] {
  const pairsOf = new Map(
    ropes.flatMap((rope) => ropeTensors(rope.scaling).map((name) => [name, rope.pairs] as const)),
  );
  return [...pairsOf].map(([name, pairs]) => planner.vector(name, pairs));
}

/** Throws `unsupported-architecture` for heads that the attention kernel cannot take from any cache. */
export function refuseHeads({
  heads,
  kvHeads,
  headSize,
}: Pick<AttentionBlock, 'heads' | 'kvHeads' | 'headSize'>): void {
  const problem = attentionProblem(heads, kvHeads, headSize, 'f16');
  if (problem === null) return;
  throw new ForgelightError(
    'unsupported-architecture',
    `The attention kernel cannot take ${problem}. Choose another model.`,
  );
}

function planLayer(planner: Planner, layer: Layer, hiddenSize: number): LayerWeightPlan {
  const { attention, feedForward } = layer;
  refuseHeads(attention);
  const experts = feedForward.kind === 'experts' ? feedForward.experts : 1;
  const width = attention.heads * attention.headSize;
  const kvWidth = attention.kvHeads * attention.headSize;
  const headNorm = (norm: HeadNorm | null, whole: number): VectorPlan | null =>
    norm === null ? null : planner.vector(norm.name, norm.whole ? whole : attention.headSize);
  const norm = (name: string | null): VectorPlan | null => (name === null ? null : planner.vector(name, hiddenSize));
  return {
    attentionNorm: norm(attention.norm),
    qkv: planner.stacked(attention.qkv, hiddenSize),
    qkvBias: (attention.qkvBias ?? []).map((name, i) => planner.vector(name, attention.qkv[i]?.rows ?? 0)),
    queryNorm: headNorm(attention.queryNorm, width),
    keyNorm: headNorm(attention.keyNorm, kvWidth),
    sinks: attention.sinks === null ? null : planner.vector(attention.sinks, attention.heads),
    output: planner.matrix(attention.output, hiddenSize, width),
    outputBias: norm(attention.outputBias),
    attentionPostNorm: norm(attention.postNorm),
    feedForwardNorm: norm(feedForward.norm),
    gateUp: planner.stacked(feedForward.gateUp, hiddenSize, { bands: 2, experts }),
    down: planner.matrix(feedForward.down, hiddenSize, feedForward.size, experts),
    feedForwardPostNorm: feedForward.kind === 'dense' ? norm(feedForward.postNorm) : null,
    experts: feedForward.kind === 'experts' ? planExperts(planner, feedForward, hiddenSize) : null,
  };
}

function planExperts(planner: Planner, block: ExpertsBlock, hiddenSize: number): ExpertWeightPlan {
  const { router, routerBias, biases, experts, used, size } = block;
  const problem = routeProblem(experts, used);
  if (problem !== null) {
    throw new ForgelightError('unsupported-architecture', `The router cannot take ${problem}. Choose another model.`);
  }
  return {
    router: planner.matrix(router, experts, hiddenSize),
    routerBias: routerBias === null ? null : planner.vector(routerBias, experts),
    biases:
      biases === null
        ? null
        : {
            gate: planner.vector(biases.gate, size, experts),
            up: planner.vector(biases.up, size, experts),
            down: planner.vector(biases.down, hiddenSize, experts),
          },
  };
}

/** Rows that no slice parts: an expert's. */
function together(rows: number, experts: number): number {
  return experts === 1 ? 1 : rows;
}

/** What is stacked. */
interface Stacking {
  /** 2: gate above up. */
  readonly bands: 1 | 2;
  /** Each tensor has the rows of so many. */
  readonly experts: number;
}

/** A matrix that is one tensor. */
interface Operand extends MatrixShape {
  readonly tensor: GgufTensor;
}

/** Finds a network's tensors in the file and checks their shapes. */
export class Planner {
  private readonly tensors: ReadonlyMap<string, GgufTensor>;

  constructor(
    file: GgufFile,
    private readonly maxBufferBytes: number,
  ) {
    this.tensors = new Map(file.tensors.map((tensor) => [tensor.name, tensor]));
  }

  /** `experts`: how many matrices of `rows` the tensor holds. */
  matrix(name: string, rows: number, columns: number, experts = 1): MatrixPlan {
    return this.stack([this.operand(name, rows, columns, experts)], {
      bands: 1,
      rowsTogether: together(rows, experts),
    });
  }

  vector(name: string, length: number, experts = 1): VectorPlan {
    const tensor = this.tensor(name, experts === 1 ? [length] : [length, experts]);
    return { name, tensor, format: quantFormat(tensor.type, name), length: length * experts };
  }

  /** One matrix where formats agree and the seams fall on whole words, else the matrices as they are. */
  stacked(stack: Stacked, columns: number, { bands = 1, experts = 1 }: Partial<Stacking> = {}): readonly MatrixPlan[] {
    const operands = stack.map(({ name, rows }) => this.operand(name, rows, columns, experts));
    const wholeGranules = ({ format, rows }: Operand): boolean =>
      ((rows * columns) / format.blockElements) % granuleBlocks(format) === 0;
    const stackable = operands.every((operand) => operand.format === operands[0]?.format && wholeGranules(operand));
    const rowsTogether = together(stack[0]?.rows ?? 1, experts);
    return operands.length === 1 || stackable
      ? [this.stack(operands, { bands, rowsTogether })]
      : operands.map((operand) => this.stack([operand], { bands: 1, rowsTogether }));
  }

  private stack(operands: readonly Operand[], slicing: Slicing): MatrixPlan {
    let rows = 0;
    const tensors = operands.map((operand) => {
      const firstRow = rows;
      rows += operand.rows;
      return { tensor: operand.tensor, tensorRow: 0, rows: operand.rows, firstRow };
    });
    const { format, columns } = defined(operands[0], 'an operand');
    const matrix = { name: operands.map(({ name }) => name).join('+'), format, rows, columns };
    return { ...matrix, slices: sliceMatrix(matrix, tensors, slicing, this.maxBufferBytes) };
  }

  private operand(name: string, rows: number, columns: number, experts = 1): Operand {
    const tensor = this.tensor(name, experts === 1 ? [columns, rows] : [columns, rows, experts]);
    if (columns % UNIT_ELEMENTS !== 0) {
      throw new ForgelightError(
        'unsupported-architecture',
        `Tensor ${name} has rows of ${columns} weights; the kernels take multiples of ${UNIT_ELEMENTS}. Choose another model.`,
      );
    }
    return { name, format: quantFormat(tensor.type, name), rows: rows * experts, columns, tensor };
  }

  private tensor(name: string, shape: readonly number[]): GgufTensor {
    const tensor = this.tensors.get(name);
    if (tensor === undefined) {
      throw new ForgelightError(
        'bad-gguf',
        `The file has no tensor ${name}, which its architecture needs. Download it again or choose another file.`,
      );
    }
    const found = tensor.shape.filter((length, i) => length !== 1 || i < shape.length);
    if (found.length !== shape.length || found.some((length, i) => length !== shape[i])) {
      throw new ForgelightError(
        'bad-gguf',
        `Tensor ${name} has the shape [${tensor.shape.join(', ')}]; the metadata says [${shape.join(', ')}]. The file does not agree with itself: download it again or choose another.`,
      );
    }
    return tensor;
  }
}
