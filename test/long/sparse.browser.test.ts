import { afterEach, describe, expect, it } from 'vitest';
import { createWebGpuDevice } from '../../src/device/webgpu/webgpu-device';
import type { HostedEngine } from '../../src/engine/hosted-engine';
import { collectGpuErrors } from '../kernels/gpu-errors';
import { testLoad } from '../support/load-zoo';
import type { SparseGguf } from '../support/sparse-gguf';
import { SPARSE, sparseLlama } from '../support/sparse-llama';

const gpuErrors = collectGpuErrors();

afterEach(async () => {
  expect(await gpuErrors()).toEqual([]);
});

const ROW_BYTES = SPARSE.hidden * 4;
/** Embedding and head take 2.2 GB each, and what follows them lies beyond 4 GiB. */
const VOCABULARY = 132_000;
/** Rows of a slice: SwiftShader's buffers hold 1 GiB, so embedding and head lie in three. */
const SLICE_ROWS = VOCABULARY / 3;
/** Rows at the seams of the slices and at the ends; the last three are beyond 4 GiB in the file. */
const TOKENS = [
  ...[0, 1, SLICE_ROWS - 1, SLICE_ROWS, SLICE_ROWS + 1, 2 * SLICE_ROWS - 1, 2 * SLICE_ROWS],
  ...[131_900, VOCABULARY - 2, VOCABULARY - 1],
];
/** Indices into TOKENS. */
const PROMPT = [9, 0, 3, 7, 2, 6, 8, 4, 1, 5];
/** Of the whole file, by Node's crypto. */
const SHA256 = '47df5921e0006afda786c27ad22ab0e68fa610b9626bcbdbb6ef5cce4541a963';

async function load(file: SparseGguf, sha256: string | null): Promise<HostedEngine> {
  const options = { debug: { variants: { matvec: 'rows' } } };
  const device = await createWebGpuDevice(navigator.gpu);
  expect(device.limits.maxBindingBytes).toBe(2 ** 30);
  return await testLoad(new Uint8Array(), { device, options, host: { source: file.source(sha256) } }).run();
}

async function lastLogits(engine: HostedEngine, ids: readonly number[]): Promise<Float32Array> {
  return await new Promise((resolve, reject) => {
    let logits = new Float32Array();
    engine.submit(1, { kind: 'evaluate', ids, positions: 'last' }, (event) => {
      if (event.type === 'logits') logits = Float32Array.from(event.logits);
      if (event.type !== 'ended') return;
      if (event.outcome.kind === 'failed') reject(new Error(event.outcome.error.message));
      else resolve(logits);
    });
  });
}

describe('a file of more than 4 GiB', () => {
  const file = sparseLlama(VOCABULARY, TOKENS);
  const small = sparseLlama(TOKENS.length, [...TOKENS.keys()]);

  it('has its layer, and the last rows of its embedding, beyond 4 GiB', () => {
    const layer = [...file.offsets].filter(([name]) => name.startsWith('blk.'));
    expect(layer).toHaveLength(9);
    for (const [, offsetBytes] of layer) expect(offsetBytes).toBeGreaterThan(2 ** 32);
    const rows = TOKENS.map((token) => (file.offsets.get('token_embd.weight') ?? NaN) + token * ROW_BYTES);
    expect(rows.filter((offsetBytes) => offsetBytes > 2 ** 32)).toHaveLength(3);
  });

  it('is loaded, proven by its hash and answers as the small model of its rows', async () => {
    const few = await load(small, null);
    const wanted = await lastLogits(few, PROMPT);
    await few.close();
    expect(wanted.every((logit) => Number.isFinite(logit) && logit !== 0)).toBe(true);

    const start = performance.now();
    const engine = await load(file, SHA256);
    expect(engine.info.model).toMatchObject({ sizeBytes: file.sizeBytes, sha256: SHA256, vocabularySize: VOCABULARY });
    const loaded = performance.now();
    const logits = await lastLogits(
      engine,
      PROMPT.map((i) => TOKENS[i] ?? NaN),
    );
    console.log(
      `${(file.sizeBytes / 2 ** 30).toFixed(2)} GiB: ${Math.round(loaded - start)} ms to load, ${Math.round(performance.now() - loaded)} ms to answer`,
    );
    expect(engine.stats().gpuBytes).toBeGreaterThan(2 ** 32);
    await engine.close();
    expect(TOKENS.map((token) => logits[token])).toEqual([...wanted]);
    expect(logits.filter((logit) => logit !== 0)).toHaveLength(TOKENS.length);
  });
});
