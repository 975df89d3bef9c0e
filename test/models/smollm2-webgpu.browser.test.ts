import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { defined } from '../../src/base/assert';
import { tokenId } from '../../src/base/ids';
import type { Device } from '../../src/device/device';
import { createWebGpuDevice } from '../../src/device/webgpu/webgpu-device';
import { ModelRunner } from '../../src/engine/model-runner';
import { allocateModel } from '../../src/models/allocate-model';
import type { Runner, StepBatch, StepResult } from '../../src/engine/runner';
import { WeightUpload } from '../../src/models/weight-upload';
import { parseGguf } from '../../src/gguf/parse';
import { Executor } from '../../src/models/executor';
import { describeNetwork } from '../../src/models/registry';
import { float32Of } from './zoo-suite';

interface Oracle {
  readonly raw: readonly {
    readonly promptIds: readonly number[];
    readonly exact: {
      readonly greedyIds: readonly number[];
      readonly margins: readonly number[];
      readonly logits_b64: string;
    };
  }[];
  readonly teacherForced: {
    readonly ids: readonly number[];
    readonly argmax: readonly number[];
    readonly margins: readonly number[];
  };
  readonly perplexity: { readonly ids: readonly number[]; readonly exactFirst64: number };
}

const MODEL = '/models/SmolLM2-135M-Instruct.Q4_1.gguf';
const ORACLE = '/fixtures/oracle/SmolLM2-135M-Instruct.Q4_1.json';
/** The oracle's own rounding decides below this margin. */
const SURE_MARGIN = 0.03;
const GREEDY_TOKENS = 8;
const BLOCKS = Array.from({ length: 8 }, (_, i) => (i * 5) % 8);
const SEQUENCES = [{ slot: 0, blocks: BLOCKS }] as unknown as StepBatch['sequences'];

/** The real model against exact arithmetic; f32 KV cache, so that nothing but the kernels differs. */
describe('SmolLM2-135M-Instruct Q4_1 on WebGPU', () => {
  let device: Device;
  let runner: Runner;
  let oracle: Oracle;

  beforeAll(async () => {
    const [model, reference] = await Promise.all([fetch(MODEL), fetch(ORACLE)]);
    if (!model.ok) throw new Error(`${MODEL} is not there: run \`npm test\`, which fetches it`);
    oracle = (await reference.json()) as Oracle;
    const bytes = new Uint8Array(await model.arrayBuffer());
    const parsed = parseGguf(bytes, bytes.byteLength);
    if (parsed.kind !== 'complete') throw new Error('the model is cut');
    device = await createWebGpuDevice(navigator.gpu);
    const allocated = allocateModel(device, parsed.file, describeNetwork(parsed.file), {
      contextLength: 128,
      kvType: 'f32',
      maxConcurrent: 1,
      chunkTokens: 64,
      variants: { matvec: 'rows', matmul: 'rows' },
    });
    const upload = new WeightUpload(device, allocated.weightPlan, allocated.weights, 0);
    await upload.push(bytes);
    runner = new ModelRunner(new Executor(await allocated.prepared));
  });
  afterAll(() => device.close());

  function evaluate(ids: readonly number[], positions: readonly number[]): Promise<readonly StepResult[]> {
    const rows = ids.map((id, position) => ({ token: tokenId(id), position, slot: 0 }));
    const outputs = positions.map((row) => ({ row, mode: 'logits' as const }));
    return runner.submit({ kind: 'prefill', rows, sequences: SEQUENCES, outputs });
  }

  async function decode(token: number, position: number): Promise<number> {
    const rows = [{ token: tokenId(token), position, slot: 0 }];
    const outputs = [{ row: 0, mode: 'argmax' as const }];
    const [result] = await runner.submit({ kind: 'decode', rows, sequences: SEQUENCES, outputs });
    return result?.mode === 'argmax' ? result.tokenId : -1;
  }

  it('gives the exact next-token logits and greedy continuation', async () => {
    const { promptIds, exact } = defined(oracle.raw[0], 'a raw prompt');
    const [result] = await evaluate(promptIds, [promptIds.length - 1]);
    const logits = logitsOf(result);
    const expected = float32Of(exact.logits_b64);
    let error = 0;
    let size = 0;
    expected.forEach((value, i) => {
      error += ((logits[i] ?? NaN) - value) ** 2;
      size += value ** 2;
    });
    expect(Math.sqrt(error / size)).toBeLessThan(1e-3);

    // The exact token is fed on whatever was chosen: one close call must not end the comparison.
    const chosen = [argmaxOf(logits)];
    const start = performance.now();
    for (let i = 1; i < GREEDY_TOKENS; i++) {
      chosen.push(await decode(defined(exact.greedyIds[i - 1], 'token'), promptIds.length + i - 1));
    }
    console.log(`decode: ${(((GREEDY_TOKENS - 1) * 1000) / (performance.now() - start)).toFixed(2)} tokens per second`);
    const sure = chosen.filter((_, i) => (exact.margins[i] ?? 0) >= SURE_MARGIN);
    const wanted = exact.greedyIds.slice(0, GREEDY_TOKENS).filter((_, i) => (exact.margins[i] ?? 0) >= SURE_MARGIN);
    expect(sure).toEqual(wanted);
    expect(sure.length).toBeGreaterThan(GREEDY_TOKENS / 2);
  });

  it('gives the exact perplexity and argmax of 64 positions', async () => {
    const ids = oracle.perplexity.ids.slice(0, 64);
    const start = performance.now();
    const results = await evaluate(ids, Array.from(ids.keys()));
    console.log(`prefill with all logits: ${((64 * 1000) / (performance.now() - start)).toFixed(2)} tokens per second`);
    let surprise = 0;
    for (let i = 0; i + 1 < ids.length; i++) surprise -= logProbability(logitsOf(results[i]), ids[i + 1] ?? 0);
    const perplexity = Math.exp(surprise / (ids.length - 1));
    expect(Math.abs(perplexity / oracle.perplexity.exactFirst64 - 1)).toBeLessThan(1e-3);

    const { argmax, margins } = oracle.teacherForced;
    const wrong = results.filter((result, i) => {
      return (margins[i] ?? 0) >= SURE_MARGIN && argmaxOf(logitsOf(result)) !== argmax[i];
    });
    expect(wrong).toHaveLength(0);
    expect(margins.filter((margin) => margin >= SURE_MARGIN).length).toBeGreaterThan(50);
  });
});

function logitsOf(result: StepResult | undefined): Float32Array {
  if (result?.mode !== 'logits') throw new Error('expected logits');
  return result.logits;
}

function argmaxOf(logits: Float32Array): number {
  return logits.reduce((best, value, i) => (value > (logits[best] ?? -Infinity) ? i : best), 0);
}

function logProbability(logits: Float32Array, id: number): number {
  const top = logits.reduce((a, b) => Math.max(a, b), -Infinity);
  const sum = logits.reduce((total, value) => total + Math.exp(value - top), 0);
  return (logits[id] ?? NaN) - top - Math.log(sum);
}
