import { defined } from '../base/assert';
import { largestBufferBytes, type Device } from '../device/device';
import type { GgufFile } from '../gguf/types';
import { TOP_K } from '../kernels/candidates';
import { KV_BLOCK_TOKENS, type KvType } from '../kernels/kv-layout';
import { BATCH_WIDTHS, usefulWidths } from '../kernels/matvec';
import { PENALTY_WINDOW } from '../kernels/penalise';
import { allocateWeights, type DeviceWeights } from './device-weights';
import { sizeKvCache } from './kv-size';
import type { Network } from './network';
import { buildPlans, type BatchPlan, type ModelPlans } from './plan-builder';
import { ropeTable } from './rope';
import { planWeights, type WeightPlan } from './weight-plan';
import type { ModelLimits, PreparedBatch, PreparedModel } from './executor';
import type { KernelVariants } from './choose-variants';

/** Rows of logits computed at once: bounds the logits buffer, not what a request may ask for. */
const MIN_OUTPUTS = 8;
const MAX_OUTPUTS = 16;
/** Rows of one step that replays a sequence's generated tokens. */
const MAX_REPLAY_ROWS = 16;

export interface ModelOptions {
  readonly contextLength?: number;
  readonly kvCacheTokens?: number;
  readonly kvType: KvType;
  readonly maxConcurrent: number;
  /** Rows of a prefill step; default by variant. */
  readonly chunkTokens?: number;
  readonly variants: KernelVariants;
}

/** A model whose buffers exist and whose pipelines are being made; its weights are still to be uploaded. */
export interface AllocatedModel {
  readonly weightPlan: WeightPlan;
  readonly weights: DeviceWeights;
  readonly notes: readonly string[];
  /** Resolves when every pipeline is made. */
  readonly prepared: Promise<PreparedModel>;
}

/** Allocates a model on the device and begins to prepare it. Every buffer belongs to the device and goes with it. */
export function allocateModel(device: Device, file: GgufFile, network: Network, options: ModelOptions): AllocatedModel {
  const maxBufferBytes = largestBufferBytes(device.limits);
  const weightPlan = planWeights(network, file, maxBufferBytes);
  const chunkTokens = options.chunkTokens ?? defaultChunk(options.variants);
  const maxDecodeRows = Math.max(options.maxConcurrent, MAX_REPLAY_ROWS);
  const size = sizeKvCache(network, {
    ...options,
    maxBindingBytes: maxBufferBytes,
    stepRows: Math.max(chunkTokens, MAX_REPLAY_ROWS),
  });
  const maxChunkTokens = Math.min(chunkTokens, size.contextLength);
  const maxOutputs = Math.min(MAX_OUTPUTS, Math.max(MIN_OUTPUTS, options.maxConcurrent));
  const limits: ModelLimits = {
    vocabularySize: network.vocabularySize,
    contextLength: size.contextLength,
    blockTokens: KV_BLOCK_TOKENS,
    totalBlocks: size.blocks,
    window: size.window,
    maxChunkTokens,
    maxDecodeRows,
    maxSlots: options.maxConcurrent,
    topK: Math.min(TOP_K, network.vocabularySize),
    penaltyWindow: PENALTY_WINDOW,
    maxOutputs,
  };
  const weights = allocateWeights(device, weightPlan);
  const plans = buildPlans(device, network, weightPlan, weights, {
    ...options.variants,
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
  return { weightPlan, weights, notes: size.notes, prepared };
}

/** A software adapter computes a token for long: short chunks keep steps, and with them cancellation, prompt. */
export function defaultChunk(variants: KernelVariants): number {
  return variants.matmul === 'rows' ? 16 : 128;
}

async function preparePlans(device: Device, plans: ModelPlans): Promise<PreparedModel['prepared']> {
  const batches = (of: readonly BatchPlan[]): Promise<readonly PreparedBatch[]> =>
    Promise.all(of.map(async ({ width, plan }) => ({ width, plan: await device.prepare(plan) })));
  const [prefill, decode, head, penalise, argmax, sample] = await Promise.all([
    device.prepare(plans.prefill),
    batches(plans.decode),
    batches(plans.head),
    device.prepare(plans.penalise),
    device.prepare(plans.argmax),
    device.prepare(plans.sample),
  ]);
  return { prefill, decode, head, penalise, argmax, sample };
}
