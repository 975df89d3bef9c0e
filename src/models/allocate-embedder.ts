import { defined } from '../base/assert';
import { largestBufferBytes, type Device } from '../device/device';
import type { GgufFile } from '../gguf/types';
import { KV_BLOCK_TOKENS } from '../kernels/kv-layout';
import { chunkWidthsOf } from '../kernels/matmul';
import { chunkLimits, prepareWidths, type ModelOptions } from './allocate-model';
import { allocateWeights, type DeviceWeights } from './device-weights';
import type { PreparedEmbedder } from './embedding-executor';
import type { ModelLimits } from './executor';
import { buildPooledDecoder, type EmbeddingPlans } from './embedding-plans';
import type { EncoderNetwork } from './encoder-network';
import { buildEncoderPlans } from './encoder-plan-builder';
import { planEncoderWeights } from './encoder-weights';
import { sizeKvCache, type KvSize } from './kv-size';
import type { Network, Rope } from './network';
import { ropeTable } from './rope';
import { planWeights, type PlannedTensors, type WeightPlan } from './weight-plan';
import { WeightUpload } from './weight-upload';

/** What an encoder takes when nobody says more: its activations grow with the longest text. */
const DEFAULT_ENCODER_TOKENS = 2048;

/** A model that makes vectors of texts, its buffers made and its pipelines under way; its weights are still to be uploaded. */
export interface AllocatedEmbedder {
  readonly weightPlan: WeightPlan | PlannedTensors;
  readonly weights: DeviceWeights;
  /** Tokens of the longest text. */
  readonly contextLength: number;
  /** Takes the file from its first tensor on. */
  readonly upload: WeightUpload;
  readonly notes: readonly string[];
  /** Resolves when every pipeline is made. */
  readonly prepared: Promise<PreparedEmbedder>;
}

/** Allocates a model on the device and begins to prepare it. Every buffer belongs to the device and goes with it. */
export function allocateEmbedder(
  device: Device,
  file: GgufFile,
  network: Network | EncoderNetwork,
  options: ModelOptions,
): AllocatedEmbedder {
  return network.kind === 'encoder'
    ? allocateEncoder(device, file, network, options)
    : allocatePooledDecoder(device, file, network, options);
}

function allocatePooledDecoder(
  device: Device,
  file: GgufFile,
  network: Network,
  options: ModelOptions,
): AllocatedEmbedder {
  const maxBufferBytes = largestBufferBytes(device.limits);
  const weightPlan = planWeights(network, file, maxBufferBytes);
  const stepRows = chunkLimits(device, options).maxChunkTokens;
  const size = sizeKvCache(network, { ...options, maxBindingBytes: maxBufferBytes, stepRows });
  const chunk = chunkLimits(device, options, size.contextLength);
  const weights = allocateWeights(device, weightPlan);
  const upload = new WeightUpload(device, weightPlan, weights, file.dataOffsetBytes); // first, as for models that write
  const plans = buildPooledDecoder(device, network, weightPlan, weights, {
    ...options.variants,
    chunks: options.variants.chunks ?? chunkWidthsOf(device),
    kvType: options.kvType,
    kv: size,
    maxChunkTokens: chunk.maxChunkTokens,
    maxDecodeRows: 1,
    slots: options.maxConcurrent,
    maxOutputs: 1,
  });
  const prepared = prepare(device, plans, weights, { network, ropes: network.ropes, size, chunk, options });
  return { weightPlan, weights, upload, contextLength: size.contextLength, notes: size.notes, prepared };
}

/** Its cache holds one layer of the texts in flight, in f32: it is small, and rounding it would gain nothing. */
function allocateEncoder(
  device: Device,
  file: GgufFile,
  network: EncoderNetwork,
  options: ModelOptions,
): AllocatedEmbedder {
  const maxBufferBytes = largestBufferBytes(device.limits);
  const weightPlan = planEncoderWeights(network, file, maxBufferBytes);
  const trained = network.contextLength;
  const contextLength = options.contextLength === undefined ? Math.min(trained, DEFAULT_ENCODER_TOKENS) : trained;
  const size = sizeKvCache(
    {
      contextLength,
      layers: network.layers.slice(0, 1).map(({ attention }) => ({ attention: { ...attention, window: null } })),
    },
    { ...options, kvType: 'f32', maxBindingBytes: maxBufferBytes, stepRows: contextLength },
  );
  const notes =
    contextLength < trained
      ? [`Texts may have ${size.contextLength} tokens, of the ${trained} this model takes. Set contextLength for more.`]
      : size.notes;
  const weights = allocateWeights(device, weightPlan);
  const upload = new WeightUpload(device, weightPlan, weights, file.dataOffsetBytes);
  const plans = buildEncoderPlans(device, network, weightPlan, weights, {
    chunks: options.variants.chunks ?? chunkWidthsOf(device),
    kvBlocks: size.blocks,
    contextLength: size.contextLength,
  });
  const ropes = network.rope === null ? [] : [network.rope];
  const chunk = { minChunkTokens: size.contextLength, maxChunkTokens: size.contextLength }; // a whole text
  return {
    weightPlan,
    weights,
    contextLength: size.contextLength,
    upload,
    notes,
    prepared: prepare(device, plans, weights, { network, ropes, size, chunk, options }),
  };
}

async function prepare(
  device: Device,
  plans: EmbeddingPlans,
  weights: DeviceWeights,
  model: {
    readonly network: Network | EncoderNetwork;
    readonly ropes: readonly Rope[];
    readonly size: KvSize;
    readonly chunk: Pick<ModelLimits, 'minChunkTokens' | 'maxChunkTokens'>;
    readonly options: ModelOptions;
  },
): Promise<PreparedEmbedder> {
  const { network, ropes, size, chunk, options } = model;
  const [prefill, pool] = await Promise.all([prepareWidths(device, plans.prefill), device.prepare(plans.pool)]);
  return {
    kind: 'embedding',
    device,
    plans,
    prepared: { prefill, pool },
    ropeTables: ropes.map((rope) =>
      ropeTable(rope, size.contextLength, (name) => defined(weights.host.get(name), name)),
    ),
    limits: {
      vocabularySize: network.vocabularySize,
      contextLength: size.contextLength,
      blockTokens: KV_BLOCK_TOKENS,
      totalBlocks: size.blocks,
      window: size.window,
      ...chunk,
      maxDecodeRows: 1, // nothing is decoded
      maxSlots: options.maxConcurrent,
      topK: 1,
      maxOutputs: 1,
    },
    hiddenSize: network.hiddenSize,
    takesWholeTexts: network.kind === 'encoder',
  };
}
