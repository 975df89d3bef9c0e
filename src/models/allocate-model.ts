import { defined } from '../base/assert';
import { largestBufferBytes, type Device } from '../device/device';
import type { GgufFile } from '../gguf/types';
import { TOP_K } from '../kernels/candidates';
import { KV_BLOCK_TOKENS, type KvType } from '../kernels/kv-layout';
import { chunkWidthsOf } from '../kernels/matmul';
import { BATCH_WIDTHS, usefulWidths } from '../kernels/matvec';
import { allocateWeights, type DeviceWeights } from './device-weights';
import { sizeKvCache } from './kv-size';
import type { Network } from './network';
import { buildPlans, type ModelPlans, type WidthPlan } from './plan-builder';
import { ropeTable } from './rope';
import { planWeights, type WeightPlan } from './weight-plan';
import { WeightUpload } from './weight-upload';
import type { ModelLimits, PreparedModel, PreparedWidth } from './executor';
import type { KernelVariants } from './choose-variants';

/** Rows of logits computed at once, at least: more where more requests can decode together. No limit to what a request may ask for. */
const MIN_OUTPUTS = 8;
/** Rows of one step that replays a sequence's generated tokens. */
const MAX_REPLAY_ROWS = 16;

export interface ModelOptions {
  readonly contextLength?: number;
  readonly kvCacheTokens?: number;
  readonly kvType: KvType;
  readonly maxConcurrent: number;
  /** Rows of a prefill step; as many as the device computes in time, if not given. */
  readonly chunkTokens?: number;
  readonly variants: KernelVariants;
}

/** A model whose buffers exist and whose pipelines are being made; its weights are still to be uploaded. */
export interface AllocatedModel {
  readonly weightPlan: WeightPlan;
  readonly weights: DeviceWeights;
  /** Tokens one request may hold. */
  readonly contextLength: number;
  /** Takes the file from its first tensor on. */
  readonly upload: WeightUpload;
  readonly notes: readonly string[];
  /** Resolves when every pipeline is made. */
  readonly prepared: Promise<PreparedModel>;
}

/** Allocates a model on the device and begins to prepare it. Every buffer belongs to the device and goes with it. */
export function allocateModel(device: Device, file: GgufFile, network: Network, options: ModelOptions): AllocatedModel {
  const maxBufferBytes = largestBufferBytes(device.limits);
  const weightPlan = planWeights(network, file, maxBufferBytes);
  const maxDecodeRows = Math.max(options.maxConcurrent, MAX_REPLAY_ROWS);
  const size = sizeKvCache(network, {
    ...options,
    maxBindingBytes: maxBufferBytes,
    stepRows: Math.max(chunkLimits(device, options).maxChunkTokens, MAX_REPLAY_ROWS),
  });
  const { minChunkTokens, maxChunkTokens } = chunkLimits(device, options, size.contextLength);
  const maxOutputs = Math.max(MIN_OUTPUTS, options.maxConcurrent);
  const limits: ModelLimits = {
    vocabularySize: network.vocabularySize,
    contextLength: size.contextLength,
    blockTokens: KV_BLOCK_TOKENS,
    totalBlocks: size.blocks,
    window: size.window,
    minChunkTokens,
    maxChunkTokens,
    maxDecodeRows,
    maxSlots: options.maxConcurrent,
    topK: Math.min(TOP_K, network.vocabularySize),
    maxOutputs,
  };
  const weights = allocateWeights(device, weightPlan);
  // Its pipeline is asked for first: bytes that have arrived wait for it.
  const upload = new WeightUpload(device, weightPlan, weights, file.dataOffsetBytes);
  const plans = buildPlans(device, network, weightPlan, weights, {
    ...options.variants,
    chunks: options.variants.chunks ?? chunkWidthsOf(device),
    batch: usefulWidths(options.variants.batch ?? BATCH_WIDTHS, options.maxConcurrent),
    kvType: options.kvType,
    kv: size,
    maxChunkTokens,
    maxDecodeRows,
    slots: options.maxConcurrent,
    maxOutputs,
  });
  const prepared = preparePlans(device, plans).then((ready) => ({
    kind: 'text' as const,
    device,
    plans,
    prepared: ready,
    ropeTables: network.ropes.map((rope) =>
      ropeTable(rope, size.contextLength, (name) => defined(weights.host.get(name), name)),
    ),
    limits,
  }));
  return { weightPlan, weights, upload, contextLength: size.contextLength, notes: size.notes, prepared };
}

/** What a prefill step may take: no more than the widest tile, so that it reads the weights once. */
export function chunkLimits(
  device: Device,
  { chunkTokens, variants }: Pick<ModelOptions, 'chunkTokens' | 'variants'>,
  contextLength = Infinity,
): Pick<ModelLimits, 'minChunkTokens' | 'maxChunkTokens'> {
  const least = chunkTokens ?? 16;
  const most = chunkTokens ?? Math.max(...(variants.chunks ?? chunkWidthsOf(device)));
  return { minChunkTokens: Math.min(least, most, contextLength), maxChunkTokens: Math.min(most, contextLength) };
}

/** The same plans, prepared side by side. */
export function prepareWidths(device: Device, plans: readonly WidthPlan[]): Promise<readonly PreparedWidth[]> {
  return Promise.all(plans.map(async ({ width, plan }) => ({ width, plan: await device.prepare(plan) })));
}

async function preparePlans(device: Device, plans: ModelPlans): Promise<PreparedModel['prepared']> {
  const [prefill, decode, head, keep, penalise, argmax, sample] = await Promise.all([
    prepareWidths(device, plans.prefill),
    prepareWidths(device, plans.decode),
    prepareWidths(device, plans.head),
    device.prepare(plans.keep),
    device.prepare(plans.penalise),
    device.prepare(plans.argmax),
    device.prepare(plans.sample),
  ]);
  return { prefill, decode, head, keep, penalise, argmax, sample };
}
