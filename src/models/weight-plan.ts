import { ForgelightError } from '../base/errors';
import type { GgufFile, GgufTensor } from '../gguf/types';
import { attentionProblem } from '../kernels/attention';
import { UNIT_ELEMENTS } from '../kernels/weight-matrix';
import type { QuantFormat } from '../quant/format';
import { planeLayout } from '../quant/planes';
import { quantFormat } from '../quant/registry';
import type { AttentionBlock, HeadNorm, Layer, Network, Rope, Stacked } from './network';
import { ropeTensors } from './rope';

/** A matrix as it will lie on the device: one tensor, or several of one format and row length stacked. */
export interface MatrixPlan {
  readonly name: string;
  readonly format: QuantFormat;
  readonly rows: number;
  readonly columns: number;
  readonly parts: readonly { readonly tensor: GgufTensor; readonly firstRow: number }[];
}

/** A norm's weights: f32 on the device whatever the file has. */
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

/** Where every tensor of a network goes. A layer's `qkv` and `gateUp` hold one stacked matrix, or one for each operand. */
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
  readonly output: MatrixPlan;
  readonly attentionPostNorm: VectorPlan | null;
  readonly feedForwardNorm: VectorPlan | null;
  readonly gateUp: readonly MatrixPlan[];
  readonly down: MatrixPlan;
  readonly feedForwardPostNorm: VectorPlan | null;
}

/** Throws `bad-gguf` for a missing tensor or a wrong shape, `unsupported-…` for what the kernels cannot take. */
export function planWeights(network: Network, file: GgufFile): WeightPlan {
  const planner = new Planner(file);
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
  const matrices = plan.layers.flatMap((layer) => [...layer.qkv, layer.output, ...layer.gateUp, layer.down]);
  const vectors = plan.layers.flatMap((layer) => [
    layer.attentionNorm,
    ...layer.qkvBias,
    layer.queryNorm,
    layer.keyNorm,
    layer.attentionPostNorm,
    layer.feedForwardNorm,
    layer.feedForwardPostNorm,
  ]);
  return {
    matrices: [...new Set([plan.embedding, plan.head, ...matrices])],
    vectors: [plan.outputNorm, ...vectors.filter((vector) => vector !== null)],
  };
}

/** Tensors of the file that nothing would read: a model that has them computes something that we would leave out. */
export function unusedTensors(plan: WeightPlan | PlannedTensors, file: GgufFile): readonly string[] {
  const { matrices, vectors } = allWeights(plan);
  const used = new Set([
    ...matrices.flatMap((matrix) => matrix.parts.map(({ tensor }) => tensor.name)),
    ...[...vectors, ...plan.hostTensors].map(({ tensor }) => tensor.name),
  ]);
  return file.tensors.map(({ name }) => name).filter((name) => !used.has(name));
}

/** Blocks after which both planes stand at a whole word: tensors are stacked and uploaded in multiples of it. */
export function granuleBlocks(format: QuantFormat): number {
  const { mainBlockBytes } = planeLayout(format, 1);
  const sideBytes = format.side?.sizeBytes ?? 0;
  for (const blocks of [1, 2, 4]) {
    if ((blocks * mainBlockBytes) % 4 === 0 && (blocks * sideBytes) % 4 === 0) return blocks;
  }
  return 4;
}

/** Each once, however many tables use it: the upload meets a tensor's bytes only once. */
export function planHostTensors(planner: Planner, ropes: readonly Rope[]): readonly VectorPlan[] {
  const pairsOf = new Map(
    ropes.flatMap((rope) => ropeTensors(rope.scaling).map((name) => [name, rope.pairs] as const)),
  );
  return [...pairsOf].map(([name, pairs]) => planner.vector(name, pairs));
}

/** Throws `unsupported-architecture` for heads that the attention kernel cannot take. */
export function refuseHeads({
  heads,
  kvHeads,
  headSize,
}: Pick<AttentionBlock, 'heads' | 'kvHeads' | 'headSize'>): void {
  const problem = attentionProblem(heads, kvHeads, headSize);
  if (problem === null) return;
  throw new ForgelightError(
    'unsupported-architecture',
    `The attention kernel cannot take ${problem}. Choose another model.`,
  );
}

function planLayer(planner: Planner, layer: Layer, hiddenSize: number): LayerWeightPlan {
  const { attention, feedForward } = layer;
  refuseHeads(attention);
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
    output: planner.matrix(attention.output, hiddenSize, width),
    attentionPostNorm: norm(attention.postNorm),
    feedForwardNorm: norm(feedForward.norm),
    gateUp: planner.stacked(feedForward.gateUp, hiddenSize),
    down: planner.matrix(feedForward.down, hiddenSize, feedForward.size),
    feedForwardPostNorm: norm(feedForward.postNorm),
  };
}

/** Finds a network's tensors in the file and checks their shapes. */
export class Planner {
  private readonly tensors: ReadonlyMap<string, GgufTensor>;

  constructor(file: GgufFile) {
    this.tensors = new Map(file.tensors.map((tensor) => [tensor.name, tensor]));
  }

  matrix(name: string, rows: number, columns: number): MatrixPlan {
    const tensor = this.tensor(name, [columns, rows]);
    if (columns % UNIT_ELEMENTS !== 0) {
      throw new ForgelightError(
        'unsupported-architecture',
        `Tensor ${name} has rows of ${columns} weights; the kernels take multiples of ${UNIT_ELEMENTS}. Choose another model.`,
      );
    }
    return { name, format: quantFormat(tensor.type, name), rows, columns, parts: [{ tensor, firstRow: 0 }] };
  }

  vector(name: string, length: number): VectorPlan {
    const tensor = this.tensor(name, [length]);
    return { name, tensor, format: quantFormat(tensor.type, name), length };
  }

  /** One matrix where formats agree and the seams fall on whole words, else the matrices as they are. */
  stacked(stack: Stacked, columns: number): readonly MatrixPlan[] {
    const matrices = stack.map(({ name, rows }) => this.matrix(name, rows, columns));
    const [first] = matrices;
    if (first === undefined) return matrices;
    const wholeGranules = (matrix: MatrixPlan): boolean =>
      ((matrix.rows * matrix.columns) / first.format.blockElements) % granuleBlocks(first.format) === 0;
    if (!matrices.every((matrix) => matrix.format === first.format && wholeGranules(matrix))) return matrices;
    let rows = 0;
    const parts = matrices.flatMap((matrix) => {
      const firstRow = rows;
      rows += matrix.rows;
      return matrix.parts.map(({ tensor }) => ({ tensor, firstRow }));
    });
    return [{ ...first, name: matrices.map((matrix) => matrix.name).join('+'), rows, parts }];
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
