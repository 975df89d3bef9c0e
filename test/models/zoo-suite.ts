import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { defined } from '../../src/base/assert';
import { blockId, tokenId, type BlockId } from '../../src/base/ids';
import type { Device } from '../../src/device/device';
import { ModelRunner } from '../../src/engine/model-runner';
import { allocateModel } from '../../src/models/allocate-model';
import type { KernelVariants } from '../../src/models/choose-variants';
import type { Runner, StepBatch, StepOutput, StepResult, StepRow } from '../../src/engine/runner';
import { parseGguf } from '../../src/gguf/parse';
import type { KvType } from '../../src/kernels/kv-layout';
import { Executor } from '../../src/models/executor';
import { describeNetwork } from '../../src/models/registry';
import { QUANT_FORMATS } from '../../src/quant/registry';
import { type Draw, drawFromCandidates } from '../../src/sampling/draw';
import { argmax } from '../../src/sampling/argmax';
import { applyPenalties, penaltiesAt } from '../../src/sampling/penalties';
import { selectBest } from '../../src/sampling/top-k';

/** What test/fixtures/zoo/X.json holds of X.gguf; see test/fixtures/README.md. */
export interface ZooReference {
  readonly prompts: Readonly<Record<'p40' | 'p3', readonly number[]>>;
  readonly exact: {
    readonly last: Readonly<Record<'p40' | 'p3', { readonly logits_b64: string }>>;
    readonly p3_all_logits_b64: string;
    readonly greedy24: readonly number[];
    readonly greedy24_margins: readonly number[];
  };
}

export interface ZooFile {
  readonly bytes: Uint8Array;
  readonly reference: ZooReference;
}

export const ZOO_MODELS: readonly string[] = [
  'llama',
  'smollm2',
  'llama3-tied-ropefreqs',
  'mistral-headdim',
  'qwen2',
  'qwen3',
  'phi3',
  'gemma3',
  'gemma2',
  'olmo2',
  'olmo3',
  'granite',
  'smollm3',
  'exaone4',
  'llama-yarn',
  'llama-linear',
  'qwen3moe',
  'mixtral',
  'gpt-oss',
  'quant-Q4_1',
  'quant-Q8_0',
];

/** One architecture in other block formats; Q4_K_M mixes Q4_K, Q6_K and F32. */
export const ZOO_FORMATS: readonly string[] = [
  'quant-BF16',
  'quant-Q4_0',
  'quant-Q5_0',
  'quant-Q5_1',
  'quant-Q4_K',
  'quant-Q5_K',
  'quant-Q6_K',
  'quant-Q4_K_M',
];

export interface ZooOptions {
  readonly variants: KernelVariants;
  readonly kvType: KvType;
  /** What is rounded most: the cache, if not given. */
  readonly rounded?: 'int8';
  readonly chunkTokens: number;
  /** 512 if not given: what the references were made with. */
  readonly contextLength?: number;
  /** 4 if not given. */
  readonly maxConcurrent?: number;
}

/** `precision: 'fast'` with all formats that have bytes. */
export const IN_BYTES: KernelVariants = {
  matvec: 'rows',
  rounded: { variant: 'int8-rows', formats: QUANT_FORMATS.filter(({ inBytes }) => inBytes).map(({ type }) => type) },
  batch: [1],
};

interface Tolerance {
  /** Largest absolute difference of a logit from `exact`. */
  readonly maxAbs: number;
  /** Root mean square of the differences, relative to that of the logits: what counts where the cache is rounded. */
  readonly rms: number;
  /** Tokens whose margin is as large are chosen for sure: twice what rounding the cache was seen to move a logit. */
  readonly sureMargin: number;
  /** The greedy tokens that are sure are more than this. */
  readonly sureTokens: number;
}

const TOLERANCES: Readonly<Record<KvType | 'int8', Tolerance>> = {
  f32: { maxAbs: 1e-3, rms: 0.005, sureMargin: 2e-3, sureTokens: 10 },
  f16: { maxAbs: 0.1, rms: 0.005, sureMargin: 0.05, sureTokens: 0 },
  // Of a byte the rounding is some thirty times that of a half: 1 / 254 of the largest of 32.
  q8_0: { maxAbs: 0.6, rms: 0.06, sureMargin: 1, sureTokens: 0 },
  // The same rounding, of what the head reads and of what generated rows read.
  int8: { maxAbs: 0.15, rms: 0.015, sureMargin: 0.25, sureTokens: -1 },
};

export function float32Of(base64: string): Float32Array {
  const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  return new Float32Array(bytes.buffer);
}

/** A model of the zoo on a device, ready to run steps. */
export async function loadZooModel(device: Device, bytes: Uint8Array, options: ZooOptions): Promise<Runner> {
  const parsed = parseGguf(bytes, bytes.byteLength);
  if (parsed.kind !== 'complete') throw new Error('the fixture is cut');
  const network = describeNetwork(parsed.file);
  const model = allocateModel(device, parsed.file, network, { maxConcurrent: 4, contextLength: 512, ...options });
  const { upload } = model;
  const pieceBytes = 70_001; // no multiple of anything: pieces end inside blocks
  for (let at = parsed.file.dataOffsetBytes; at < bytes.byteLength; at += pieceBytes) {
    await upload.push(bytes.subarray(at, at + pieceBytes));
  }
  expect(upload.complete).toBe(true);
  await upload.drain();
  return new ModelRunner(new Executor(await model.prepared));
}

/** At a high temperature, so that many of the 64 come out. */
const DRAWS: readonly Draw[] = Array.from({ length: 24 }, (_, i) => ({
  topK: 64,
  temperature: 4,
  topP: 1,
  minP: 0,
  unit: (i + 0.5) / 24,
}));

/** Strong, so that they change what is chosen. */
const PENALTIES = { repeatPenalty: 1.5, repeatLastN: 32, presencePenalty: 0.75, frequencyPenalty: 0.5 };

/** Blocks in an order of their own, so that a wrong block table cannot pass. */
const BLOCKS = [7, 3, 11, 2, 5, 9, 4, 8].map(blockId);

/** Layers with a window get as few blocks as one request may hold, used in turn. */
export function sequenceOf({ limits }: Runner, blocks: readonly BlockId[] = BLOCKS): StepBatch['sequences'][number] {
  const kept = limits.window === null ? 0 : Math.floor(limits.window.blocks / limits.maxSlots);
  const windowBlocks = kept === 0 ? [] : blocks.map((_, i) => blockId(kept - 1 - (i % kept)));
  return { slot: 1, blocks, windowBlocks };
}

/** Runs `ids` through the prefill kernels in chunks; the results of `outputs` (positions), in order. */
export async function prefill(
  runner: Runner,
  ids: readonly number[],
  chunk: number,
  positions: readonly number[],
  mode: 'argmax' | 'logits',
): Promise<StepResult[]> {
  const results: StepResult[] = [];
  for (let from = 0; from < ids.length; from += chunk) {
    const rows = ids
      .slice(from, from + chunk)
      .map((id, i): StepRow => ({ token: tokenId(id), position: from + i, slot: 1 }));
    const outputs = positions.filter((p) => p >= from && p < from + rows.length).map((p) => ({ row: p - from, mode }));
    results.push(...(await runner.submit({ kind: 'prefill', rows, sequences: [sequenceOf(runner)], outputs })));
  }
  return results;
}

export function logitsOf(result: StepResult | undefined): Float32Array {
  if (result?.mode !== 'logits') throw new Error('expected logits');
  return result.logits;
}

export function expectClose(actual: Float32Array, exact: Float32Array, { kvType, rounded }: ZooOptions): void {
  expect(actual.length).toBe(exact.length);
  let worst = 0;
  let squares = 0;
  let exactSquares = 0;
  exact.forEach((value, i) => {
    const difference = Math.abs((actual[i] ?? NaN) - value);
    worst = Math.max(worst, Number.isNaN(difference) ? Infinity : difference);
    squares += difference ** 2;
    exactSquares += value ** 2;
  });
  const { maxAbs, rms } = TOLERANCES[rounded ?? kvType];
  expect(worst).toBeLessThan(maxAbs);
  expect(Math.sqrt(squares / exactSquares)).toBeLessThan(rms);
}

/** The tokens after `p40` that the model chooses, each staying on the device. */
async function greedyContinuation(runner: Runner, reference: ZooReference, chunk: number): Promise<number[]> {
  const ids = reference.prompts.p40;
  const [first] = await prefill(runner, ids, chunk, [ids.length - 1], 'argmax');
  const steps = [Promise.resolve([first])] as Promise<readonly (StepResult | undefined)[]>[];
  for (let i = 1; i < reference.exact.greedy24.length; i++) {
    const rows = [{ token: null, position: ids.length + i - 1, slot: 1 }];
    const sequences = [sequenceOf(runner)];
    steps.push(runner.submit({ kind: 'decode', rows, sequences, outputs: [{ row: 0, mode: 'argmax' }] }));
  }
  return (await Promise.all(steps)).map(([result]) => (result?.mode === 'argmax' ? result.tokenId : -1));
}

/** One suite for every device: the zoo's answers within the tolerance of exact arithmetic. */
export function describeZoo(
  title: string,
  models: readonly string[],
  createDevice: () => Promise<Device>,
  readModel: (name: string) => Promise<ZooFile>,
  options: ZooOptions,
): void {
  describe.each(models)(`${title}: %s`, (name) => {
    let device: Device;
    let runner: Runner;
    let reference: ZooReference;
    beforeAll(async () => {
      const file = await readModel(name);
      reference = file.reference;
      device = await createDevice();
      runner = await loadZooModel(device, file.bytes, options);
    });
    afterAll(() => device.close());

    it('gives the exact logits after a prompt', async () => {
      const ids = reference.prompts.p40;
      const [result] = await prefill(runner, ids, options.chunkTokens, [ids.length - 1], 'logits');
      expectClose(logitsOf(result), float32Of(reference.exact.last.p40.logits_b64), options);
    });

    it('gives the exact logits at every position', async () => {
      const results = await prefill(runner, reference.prompts.p3, options.chunkTokens, [0, 1, 2], 'logits');
      const exact = float32Of(reference.exact.p3_all_logits_b64);
      const size = exact.length / 3;
      results.forEach((result, i) => expectClose(logitsOf(result), exact.subarray(i * size, (i + 1) * size), options));
      expect(results).toHaveLength(3);
    });

    it('decodes the exact greedy continuation, the token staying on the device', async () => {
      const chosen = await greedyContinuation(runner, reference, options.chunkTokens);
      const { sureMargin, sureTokens } = TOLERANCES[options.rounded ?? options.kvType];
      const close = reference.exact.greedy24_margins.findIndex((margin) => margin < sureMargin);
      const sure = close < 0 ? chosen.length : close;
      expect(chosen.slice(0, sure)).toEqual(reference.exact.greedy24.slice(0, sure));
      expect(sure).toBeGreaterThan(sureTokens);
    });

    it('draws from the best 64, penalised or not, as the host does from the logits, which may come beside', async () => {
      const ids = reference.prompts.p40;
      const last = ids.length - 1;
      const [full] = await prefill(runner, ids, options.chunkTokens, [last], 'logits');
      const adjusted = logitsOf(full).slice();
      applyPenalties(adjusted, ids, PENALTIES);
      const penalties = defined(penaltiesAt(last, PENALTIES) ?? undefined, 'penalties');
      const draws = DRAWS.map((draw, i) => ({ draw, ...(i % 3 === 0 ? { penalties } : {}) }));
      const rows = [{ token: tokenId(ids[last] ?? 0), position: last, slot: 1 }];
      // As a prompt's row again: it gives the same logits.
      const sampled = draws.map((drawn): StepOutput => ({ row: 0, mode: 'sample', ...drawn }));
      const outputs = sampled.toSpliced(1, 0, { row: 0, mode: 'logits' }, { row: 0, mode: 'argmax' });
      const drawn = await runner.submit({ kind: 'prefill', rows, sequences: [sequenceOf(runner)], outputs });
      const [best, bestAdjusted] = [logitsOf(full), adjusted].map((logits) => selectBest(logits, 64));
      const expected = draws.map(({ draw, penalties: given }) =>
        drawFromCandidates(defined(given === undefined ? best : bestAdjusted, 'candidates'), draw, draw.unit),
      );
      const chosen = expected.map((id): unknown => ({ mode: 'sample', tokenId: id, nan: false }));
      const greedy = { mode: 'argmax', tokenId: argmax(logitsOf(full)), nan: false };
      expect(drawn).toEqual(chosen.toSpliced(1, 0, full, greedy));
    });
  });
}

/** Two devices choose the same tokens, however far both are from exact arithmetic. */
export function describeAgreement(
  title: string,
  models: readonly string[],
  devices: readonly (() => Promise<Device>)[],
  readModel: (name: string) => Promise<ZooFile>,
  options: ZooOptions,
): void {
  it.each(models)(`${title}: %s`, async (name) => {
    const { bytes, reference } = await readModel(name);
    const answers: number[][] = [];
    for (const createDevice of devices) {
      const device = await createDevice();
      const runner = await loadZooModel(device, bytes, options);
      answers.push(await greedyContinuation(runner, reference, options.chunkTokens));
      device.close();
    }
    const [first] = answers;
    expect(first).toHaveLength(reference.exact.greedy24.length);
    for (const answer of answers) expect(answer).toEqual(first);
  });
}
