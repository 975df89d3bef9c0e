import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Device } from '../../src/device/device';
import type { StepBatch } from '../../src/engine/runner';
import { withOverrides } from '../support/load-zoo';
import {
  float32Of,
  loadZooModel,
  logitsOf,
  expectClose,
  prefill,
  sequenceOf,
  type ZooFile,
  type ZooOptions,
} from './zoo-suite';

/**
 * Models, and the largest buffers their device may make: first such that the largest matrices lie in two, then such that
 * they lie in more. F16 and quantised matrices, with and without a side plane, of one format and of several; embedding and
 * head apart and in one; gate and up as two tensors and as one.
 */
const SPLITS: Readonly<Record<string, readonly number[]>> = {
  llama: [150_000, 50_001],
  'llama3-tied-ropefreqs': [120_000, 49_152],
  phi3: [100_000, 73_729],
  gemma3: [70_000, 49_152],
  'quant-Q8_0': [150_000, 50_000],
  'quant-Q6_K': [110_000, 49_157],
  'quant-Q4_K_M': [100_000, 49_152],
  qwen3moe: [40_000, 25_000],
  mixtral: [25_000],
  'gpt-oss': [20_000],
};
const EXPERTS: ReadonlySet<string> = new Set(['qwen3moe', 'mixtral', 'gpt-oss']);
export const SPLIT_MODELS: readonly string[] = Object.keys(SPLITS);
const KV_TYPE = 'f16';
/** As many tokens as the blocks of the suite's sequence: a layer's cache cannot be split. */
const CONTEXT_TOKENS = 192;
const DECODED = 3;

/** The device with a lower limit, over the same pipelines. */
function limited(device: Device, maxBindingBytes: number): Device {
  return withOverrides(device, { limits: { ...device.limits, maxBindingBytes } });
}

/** One suite for every device: a model whose matrices are split over several buffers gives the bits that it gives whole. */
export function describeSplits(
  title: string,
  models: readonly string[],
  createDevice: () => Promise<Device>,
  readModel: (name: string) => Promise<ZooFile>,
  options: Pick<ZooOptions, 'variants' | 'chunkTokens'>,
): void {
  describe.each(models)(`${title}: %s over several buffers`, (model) => {
    const zoo: ZooOptions = { ...options, kvType: KV_TYPE, contextLength: CONTEXT_TOKENS };
    let device: Device;
    let file: ZooFile;
    let whole: Answer;
    beforeAll(async () => {
      [device, file] = await Promise.all([createDevice(), readModel(model)]);
      whole = await answerOf(device, file, zoo);
    });
    afterAll(() => device.close());

    it.each(SPLITS[model] ?? [])('of at most %i bytes', async (maxBindingBytes) => {
      const split = await answerOf(limited(device, maxBindingBytes), file, zoo);
      expect(split.dispatches).toBeGreaterThan(whole.dispatches);
      expectClose(logitsAt(split, 0), float32Of(file.reference.exact.last.p40.logits_b64), zoo);
      split.logits.forEach((logits, i) => {
        // The experts of a row are added up a slice at a time: another order of the same sums.
        if (EXPERTS.has(model)) expectClose(logits, logitsAt(whole, i), { ...zoo, kvType: 'f32' });
        else expect(bitsOf(logits)).toEqual(bitsOf(logitsAt(whole, i)));
      });
    });
  });
}

interface Answer {
  readonly logits: readonly Float32Array[];
  readonly dispatches: number;
}

/** After the prompt, and after each of some decoded tokens. */
async function answerOf(device: Device, file: ZooFile, zoo: ZooOptions): Promise<Answer> {
  const runner = await loadZooModel(device, file.bytes, zoo);
  const before = device.counters().dispatches;
  const { prompts, exact } = file.reference;
  const ids = prompts.p40;
  const [first] = await prefill(runner, ids, zoo.chunkTokens, [ids.length - 1], 'logits');
  const logits = [logitsOf(first)];
  for (let i = 0; i < DECODED; i++) {
    const rows = [{ token: exact.greedy24[i], position: ids.length + i, slot: 1 }] as unknown as StepBatch['rows'];
    const outputs = [{ row: 0, mode: 'logits' }] as const;
    const [result] = await runner.submit({ kind: 'decode', rows, sequences: [sequenceOf(runner)], outputs });
    logits.push(logitsOf(result));
  }
  return { logits, dispatches: device.counters().dispatches - before };
}

function logitsAt(answer: Answer, index: number): Float32Array {
  return answer.logits[index] ?? new Float32Array();
}

function bitsOf(logits: Float32Array): number[] {
  return [...new Uint32Array(logits.buffer, logits.byteOffset, logits.length)];
}
