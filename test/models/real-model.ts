import { defined } from '../../src/base/assert';
import type { DeviceCounters } from '../../src/base/counters';
import { tokenId } from '../../src/base/ids';
import type { Device } from '../../src/device/device';
import { ModelRunner } from '../../src/engine/model-runner';
import type { Runner, StepBatch, StepResult } from '../../src/engine/runner';
import { parseGguf } from '../../src/gguf/parse';
import { allocateModel } from '../../src/models/allocate-model';
import { Executor } from '../../src/models/executor';
import type { KernelVariants } from '../../src/models/choose-variants';
import { describeNetwork } from '../../src/models/registry';

/** What the oracle's file of a model holds; see test/fixtures/README.md. */
export interface Oracle {
  readonly meta: { readonly nVocab: number };
  readonly raw: readonly {
    readonly promptIds: readonly number[];
    readonly exact: {
      readonly greedyIds: readonly number[];
      readonly margins: readonly number[];
      /** Of every so many-th token, from the first on. */
      readonly logits_b64: string;
    };
  }[];
  readonly teacherForced: {
    readonly ids: readonly number[];
    readonly argmax: readonly number[];
    readonly margins: readonly number[];
  };
  readonly perplexity: {
    readonly ids: readonly number[];
    readonly exactFirst256: number;
  };
}

/** A real model's file and what the oracle says of it. */
export interface RealFile {
  readonly bytes: Uint8Array;
  readonly oracle: Oracle;
}

export const SMOLLM2 = 'SmolLM2-135M-Instruct.Q4_1';
export const GEMMA3 = 'gemma-3-270m-q4_k_m';

const CHUNK_TOKENS = 64;
const CONTEXT_TOKENS = 256;
/** Shuffled, so that a wrong block table cannot pass. */
const BLOCKS = Array.from({ length: CONTEXT_TOKENS / 16 }, (_, i) => (i * 5) % (CONTEXT_TOKENS / 16));
const SEQUENCES = [{ slot: 0, blocks: BLOCKS, windowBlocks: [] }] as unknown as StepBatch['sequences'];

/** A real model on a device, with an f32 KV cache: nothing but the kernels differs from exact arithmetic. */
export class RealModel {
  private constructor(
    readonly oracle: Oracle,
    private readonly device: Device,
    private readonly runner: Runner,
    readonly layers: number,
  ) {}

  /** Takes the device, and closes it in the end. */
  static async load(device: Device, { bytes, oracle }: RealFile, variants: KernelVariants): Promise<RealModel> {
    const parsed = parseGguf(bytes, bytes.byteLength);
    if (parsed.kind !== 'complete') throw new Error('the model is cut');
    const network = describeNetwork(parsed.file);
    const allocated = allocateModel(device, parsed.file, network, {
      contextLength: CONTEXT_TOKENS,
      kvType: 'f32',
      maxConcurrent: 1,
      chunkTokens: CHUNK_TOKENS,
      variants,
    });
    await allocated.upload.push(bytes.subarray(parsed.file.dataOffsetBytes));
    await allocated.upload.drain();
    return new RealModel(
      oracle,
      device,
      new ModelRunner(new Executor(await allocated.prepared)),
      network.layers.length,
    );
  }

  /** What the device has counted so far. */
  counters(): DeviceCounters {
    return this.device.counters();
  }

  close(): void {
    this.device.close();
  }

  /** Next-token logits at `positions` of `ids`, through the prefill kernels. */
  async evaluate(ids: readonly number[], positions: readonly number[]): Promise<Float32Array[]> {
    const logits: Float32Array[] = [];
    for (let from = 0; from < ids.length; from += CHUNK_TOKENS) {
      const chunk = ids.slice(from, from + CHUNK_TOKENS);
      const rows = chunk.map((id, i) => ({ token: tokenId(id), position: from + i, slot: 0 }));
      const wanted = positions.filter((position) => position >= from && position < from + rows.length);
      const outputs = wanted.map((position) => ({ row: position - from, mode: 'logits' as const }));
      const results = await this.runner.submit({ kind: 'prefill', rows, sequences: SEQUENCES, outputs });
      logits.push(...results.map(logitsOf));
    }
    return logits;
  }

  /** Feeds a token through the decode kernels and gives the best next one. */
  async decode(token: number, position: number): Promise<number> {
    const rows = [{ token: tokenId(token), position, slot: 0 }];
    const outputs = [{ row: 0, mode: 'argmax' as const }];
    const [result] = await this.runner.submit({ kind: 'decode', rows, sequences: SEQUENCES, outputs });
    return result?.mode === 'argmax' ? result.tokenId : -1;
  }
}

/** exp of the mean negative log likelihood of ids[1 …], each given what precedes; `logits` of every position but the last. */
export function perplexityOf(logits: readonly Float32Array[], ids: readonly number[]): number {
  const surprises = ids.slice(1).map((id, i) => -logProbability(defined(logits[i], 'logits'), id));
  return Math.exp(surprises.reduce((sum, surprise) => sum + surprise, 0) / surprises.length);
}

export function argmaxOf(logits: Float32Array): number {
  return logits.reduce((best, value, i) => (value > (logits[best] ?? -Infinity) ? i : best), 0);
}

function logitsOf(result: StepResult): Float32Array {
  if (result.mode !== 'logits') throw new Error('expected logits');
  return result.logits;
}

function logProbability(logits: Float32Array, id: number): number {
  const top = logits.reduce((a, b) => Math.max(a, b), -Infinity);
  const sum = logits.reduce((total, value) => total + Math.exp(value - top), 0);
  return (logits[id] ?? NaN) - top - Math.log(sum);
}
