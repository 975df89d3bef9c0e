import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { blockId, tokenId } from '../../src/base/ids';
import type { Device } from '../../src/device/device';
import { EmbeddingRunner } from '../../src/engine/embedding-runner';
import type { Runner, StepBatch, StepResult } from '../../src/engine/runner';
import { parseGguf } from '../../src/gguf/parse';
import { allocateEmbedder } from '../../src/models/allocate-embedder';
import { EmbeddingExecutor } from '../../src/models/embedding-executor';
import { describeEncoder, describeNetwork } from '../../src/models/registry';
import { float32Of, type ZooOptions } from './zoo-suite';

/** What test/fixtures/zoo/X.json holds of a model that makes embeddings; see test/fixtures/README.md. */
export interface EmbeddingReference {
  readonly embeddings: readonly {
    readonly text: string;
    readonly ids: readonly number[];
    readonly exact_b64: string;
  }[];
}

export interface EmbeddingFile {
  readonly bytes: Uint8Array;
  readonly reference: EmbeddingReference;
}

export const ENCODERS: readonly string[] = ['minilm', 'bert-cls', 'nomic-bert'];
export const POOLED_DECODERS: readonly string[] = ['qwen3-embedding'];

/** Largest absolute difference that f32 kernels may have from `exact`; a decoder with an f16 KV cache rounds more. */
const MAX_ABS = 1e-5;
const F16_MAX_ABS = 1e-3;

type EmbeddingOptions = ZooOptions & { readonly contextLength?: number };

async function loadEmbedder(device: Device, bytes: Uint8Array, options: EmbeddingOptions): Promise<Runner> {
  const parsed = parseGguf(bytes, bytes.byteLength);
  if (parsed.kind !== 'complete') throw new Error('the fixture is cut');
  const { file } = parsed;
  const network = describeEncoder(file) ?? describeNetwork(file);
  const model = allocateEmbedder(device, file, network, { maxConcurrent: 4, contextLength: 512, ...options });
  const { upload } = model;
  await upload.push(bytes.subarray(file.dataOffsetBytes));
  expect(upload.complete).toBe(true);
  await upload.drain();
  return new EmbeddingRunner(new EmbeddingExecutor(await model.prepared));
}

/** All blocks the wrong way round, so that a wrong block table cannot pass. */
function sequenceOf({ totalBlocks }: Runner['limits']): StepBatch['sequences'][number] {
  return {
    slot: 1,
    blocks: Array.from({ length: totalBlocks }, (_, i) => blockId(totalBlocks - 1 - i)),
    windowBlocks: [],
  };
}

/** The vector of `ids`, in steps of as many tokens as the model takes. */
async function embed(runner: Runner, ids: readonly number[]): Promise<Float32Array> {
  const results: StepResult[] = [];
  const { maxChunkTokens } = runner.limits;
  for (let from = 0; from < ids.length; from += maxChunkTokens) {
    const chunk = ids.slice(from, from + maxChunkTokens);
    const rows = chunk.map((id, i) => ({ token: tokenId(id), position: from + i, slot: 1 }));
    const isLast = from + rows.length === ids.length;
    const outputs = isLast ? [{ row: rows.length - 1, mode: 'embedding' } as const] : [];
    results.push(...(await runner.submit({ kind: 'prefill', rows, sequences: [sequenceOf(runner.limits)], outputs })));
  }
  const [result, ...others] = results;
  expect(others).toEqual([]);
  if (result?.mode !== 'embedding') throw new Error('expected an embedding');
  return result.embedding;
}

export function expectEmbedding(actual: ArrayLike<number>, exactBase64: string, maxAbs = MAX_ABS): void {
  const exact = float32Of(exactBase64);
  expect(actual.length).toBe(exact.length);
  const differences = Array.from(exact, (value, i) => Math.abs((actual[i] ?? NaN) - value));
  expect(
    differences.every((difference) => difference < maxAbs),
    `off by ${Math.max(...differences)}`,
  ).toBe(true);
}

/** One suite for every device: the vectors of the zoo's texts within the tolerance of exact arithmetic. */
export function describeEmbeddings(
  title: string,
  models: readonly string[],
  createDevice: () => Promise<Device>,
  readModel: (name: string) => Promise<EmbeddingFile>,
  options: EmbeddingOptions,
): void {
  describe.each(models)(`${title}: %s`, (name) => {
    let device: Device;
    let runner: Runner;
    let reference: EmbeddingReference;
    beforeAll(async () => {
      const file = await readModel(name);
      reference = file.reference;
      device = await createDevice();
      runner = await loadEmbedder(device, file.bytes, options);
    });
    afterAll(() => device.close());

    it('gives the exact embeddings, also after a longer text', async () => {
      const isRounded = options.kvType === 'f16' && POOLED_DECODERS.includes(name);
      const texts = [...reference.embeddings, ...reference.embeddings.slice(0, 1)];
      expect(texts.length).toBeGreaterThanOrEqual(4);
      for (const { ids, exact_b64 } of texts) {
        expectEmbedding(await embed(runner, ids), exact_b64, isRounded ? F16_MAX_ABS : MAX_ABS);
      }
    });
  });
}
