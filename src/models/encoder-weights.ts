import type { GgufFile } from '../gguf/types';
import type { Affine, EncoderLayer, EncoderNetwork, LayerNorm } from './encoder-network';
import {
  planHostTensors,
  Planner,
  refuseHeads,
  type MatrixPlan,
  type PlannedTensors,
  type VectorPlan,
} from './weight-plan';

/** Where every tensor of an encoder goes. */
export interface EncoderWeightPlan extends PlannedTensors {
  readonly embedding: MatrixPlan;
  readonly positions: MatrixPlan | null;
  readonly types: MatrixPlan | null;
  readonly embeddingNorm: LayerNormPlan;
  readonly layers: readonly EncoderLayerPlan[];
}

export interface EncoderLayerPlan {
  readonly qkv: AffinePlan;
  readonly output: AffinePlan;
  readonly attentionNorm: LayerNormPlan;
  readonly inner: AffinePlan;
  readonly down: AffinePlan;
  readonly outputNorm: LayerNormPlan;
}

/** One stacked matrix, or one for each part, and a bias for each part, or none. */
export interface AffinePlan {
  readonly matrices: readonly MatrixPlan[];
  readonly biases: readonly VectorPlan[];
}

export interface LayerNormPlan {
  readonly weight: VectorPlan;
  readonly bias: VectorPlan;
}

/** Throws as `planWeights` does. */
export function planEncoderWeights(
  network: EncoderNetwork,
  file: GgufFile,
  maxBufferBytes = Infinity,
): EncoderWeightPlan {
  const planner = new Planner(file, maxBufferBytes);
  const { hiddenSize, vocabularySize, contextLength, positions, types } = network;
  const tables = {
    embedding: planner.matrix(network.embedding, vocabularySize, hiddenSize),
    positions: positions === null ? null : planner.matrix(positions, contextLength, hiddenSize),
    types: types === null ? null : planner.matrix(types.name, types.rows, hiddenSize),
  };
  const embeddingNorm = planNorm(planner, network.embeddingNorm, hiddenSize);
  const layers = network.layers.map((layer) => planLayer(planner, layer, hiddenSize));
  const affines = layers.flatMap(({ qkv, output, inner, down }) => [qkv, output, inner, down]);
  const norms = [embeddingNorm, ...layers.flatMap(({ attentionNorm, outputNorm }) => [attentionNorm, outputNorm])];
  return {
    ...tables,
    embeddingNorm,
    layers,
    hostTensors: planHostTensors(planner, network.rope === null ? [] : [network.rope]),
    matrices: [
      ...Object.values(tables).filter((table) => table !== null),
      ...affines.flatMap(({ matrices }) => matrices),
    ],
    vectors: [...norms.flatMap(({ weight, bias }) => [weight, bias]), ...affines.flatMap(({ biases }) => biases)],
  };
}

function planLayer(planner: Planner, layer: EncoderLayer, hiddenSize: number): EncoderLayerPlan {
  refuseHeads(layer.attention);
  const affine = ({ matrix, columns, biases }: Affine): AffinePlan => ({
    matrices: planner.stacked(matrix, columns),
    biases: biases.map((name, i) => planner.vector(name, matrix[i]?.rows ?? 0)),
  });
  return {
    qkv: affine(layer.qkv),
    output: affine(layer.output),
    attentionNorm: planNorm(planner, layer.attentionNorm, hiddenSize),
    inner: affine(layer.inner),
    down: affine(layer.down),
    outputNorm: planNorm(planner, layer.outputNorm, hiddenSize),
  };
}

function planNorm(planner: Planner, { weight, bias }: LayerNorm, hiddenSize: number): LayerNormPlan {
  return { weight: planner.vector(weight, hiddenSize), bias: planner.vector(bias, hiddenSize) };
}
