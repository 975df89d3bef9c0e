import { defined } from '../base/assert';
import { largestBufferBytes, type Device, type PreparedPlan } from '../device/device';
import type { GgufFile } from '../gguf/types';
import { TOP_K } from '../kernels/candidates';
import { KV_BLOCK_TOKENS, type KvType } from '../kernels/kv-layout';
import { allocateWeights, type DeviceWeights } from './device-weights';
import { sizeKvCache } from './kv-size';
import type { Network } from './network';
import { buildPlans, type ModelPlans } from './plan-builder';
import { ropeTable } from './rope';
import { planWeights, type WeightPlan } from './weight-plan';
import type { ModelLimits, PreparedModel } from './executor';
import type { KernelVariants } from './probe';

/** Rows of logits computed at once: bounds the logits buffer, not what a request may ask for. */
const MAX_OUTPUTS = 8;
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
    maxOutputs: MAX_OUTPUTS,
  };
  const weights = allocateWeights(device, weightPlan);
  const plans = buildPlans(device, network, weightPlan, weights, {
    ...options.variants,
    kvType: options.kvType,
    kv: size,
    maxChunkTokens,
    maxDecodeRows,
    slots: options.maxConcurrent,
    maxOutputs: MAX_OUTPUTS,
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
  const prepare = (name: 'prefill' | 'decode' | 'head' | 'argmax' | 'topk'): Promise<PreparedPlan> =>
    device.prepare(plans[name]);
  const [prefill, decode, head, argmax, topk] = await Promise.all([
    prepare('prefill'),
    prepare('decode'),
    prepare('head'),
    prepare('argmax'),
    prepare('topk'),
  ]);
  return { prefill, decode, head, argmax, topk };
}
