import { describe, expect, it } from 'vitest';
import type { Device } from '../../src/device/device';
import type { Runner, StepBatch } from '../../src/engine/runner';
import { float32Of, loadZooModel, logitsOf, expectClose, prefill, type ZooFile, type ZooOptions } from './zoo-suite';

/**
 * Models, and the largest buffer their device may make: first such that the largest matrices lie in two, then such that
 * they lie in more. F16 and quantised matrices, with and without a side plane, of one format and of several; embedding and
 * head apart and in one; gate and up as two tensors and as one.
 */
const SPLITS: readonly (readonly [model: string, maxBufferBytes: number])[] = [
  ['llama', 150_000],
  ['llama', 50_001],
  ['llama3-tied-ropefreqs', 120_000],
  ['llama3-tied-ropefreqs', 49_152],
  ['phi3', 100_000],
  ['phi3', 73_729],
  ['gemma3', 70_000],
  ['gemma3', 49_152],
  ['quant-Q8_0', 150_000],
  ['quant-Q8_0', 50_000],
  ['quant-Q6_K', 110_000],
  ['quant-Q6_K', 49_157],
  ['quant-Q4_K_M', 100_000],
  ['quant-Q4_K_M', 49_152],
];
const KV_TYPE = 'f16';
/** As many tokens as the blocks of the suite's sequence: a layer's cache cannot be split. */
const CONTEXT_TOKENS = 192;
const DECODED = 3;
const SEQUENCE = { slot: 1, blocks: [7, 3, 11, 2, 5, 9, 4, 8] } as unknown as StepBatch['sequences'][number];

export interface SplitOptions {
  readonly variants: ZooOptions['variants'];
  readonly chunkTokens: number;
}

/** One suite for every device: a model whose matrices are split over several buffers gives the bits that it gives whole. */
export function describeSplits(
  title: string,
  createDevice: (maxBufferBytes: number | null) => Promise<Device>,
  readModel: (name: string) => Promise<ZooFile>,
  options: SplitOptions,
): void {
  describe(`${title}: matrices over several buffers`, () => {
    it.each(SPLITS)('%s in buffers of %i bytes', async (name, maxBufferBytes) => {
      const { bytes, reference } = await readModel(name);
      const zoo: ZooOptions = { ...options, kvType: KV_TYPE, contextLength: CONTEXT_TOKENS };
      const answer = async (most: number | null): Promise<{ logits: Float32Array[]; dispatches: number }> => {
        const device = await createDevice(most);
        try {
          const runner = await loadZooModel(device, bytes, zoo);
          const logits = await answersOf(runner, reference, options.chunkTokens);
          return { logits, dispatches: device.counters().dispatches };
        } finally {
          device.close();
        }
      };
      const whole = await answer(null);
      const split = await answer(maxBufferBytes);
      expect(split.dispatches).toBeGreaterThan(whole.dispatches);
      expectClose(logitsAt(split.logits, 0), float32Of(reference.exact.last.p40.logits_b64), KV_TYPE);
      split.logits.forEach((logits, i) => expect(bitsOf(logits)).toEqual(bitsOf(logitsAt(whole.logits, i))));
    });
  });
}

/** After the prompt, and after each of some decoded tokens. */
async function answersOf(
  runner: Runner,
  { prompts, exact }: ZooFile['reference'],
  chunk: number,
): Promise<Float32Array[]> {
  const ids = prompts.p40;
  const [first] = await prefill(runner, ids, chunk, [ids.length - 1], 'logits');
  const logits = [logitsOf(first)];
  for (let i = 0; i < DECODED; i++) {
    const rows = [{ token: exact.greedy24[i], position: ids.length + i, slot: 1 }] as unknown as StepBatch['rows'];
    const outputs = [{ row: 0, mode: 'logits' }] as const;
    const [result] = await runner.submit({ kind: 'decode', rows, sequences: [SEQUENCE], outputs });
    logits.push(logitsOf(result));
  }
  return logits;
}

function logitsAt(all: readonly Float32Array[], index: number): Float32Array {
  return all[index] ?? new Float32Array();
}

function bitsOf(logits: Float32Array): number[] {
  return [...new Uint32Array(logits.buffer, logits.byteOffset, logits.length)];
}
