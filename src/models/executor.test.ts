import { describe, expect, it } from 'vitest';
import { RecordingDevice } from '../../test/support/recording-device';
import { TINY, tinyFile } from '../../test/support/tiny-llama';
import { readZoo } from '../../test/support/zoo';
import type { DeviceBuffer } from '../device/device';
import { gridOf, type Dispatch } from '../device/plan';
import { parseGguf } from '../gguf/parse';
import { NAN_KEY } from '../kernels/candidates';
import { encodeStepInput, STEP_DRAW_WORDS, STEP_PENALTY_WORDS } from '../kernels/step-input';
import { allocateModel } from './allocate-model';
import { Executor, type RowOutput, type Submission } from './executor';
import { describeNetwork } from './registry';
import { ropeTable } from './rope';

const BLOCKS = [1, 0];
const ROWS = [0, 1, 2].map((position) => ({ token: position + 5, position, slot: 0, blocks: BLOCKS }));
const { vocabulary } = TINY;
const PENALTIES = { repeat: 1.5, presence: 0.25, frequency: 0.125, tokens: 3 };
const DRAW = { topK: 40, temperature: 0.5, topP: 1, minP: 0, unit: 0.25 };

const best = (row: number) => ({ row, mode: 'argmax' }) satisfies RowOutput;
const drawn = (row: number, unit = DRAW.unit) => ({ row, mode: 'sample', draw: { ...DRAW, unit } }) satisfies RowOutput;
const whole = (row: number) => ({ row, mode: 'logits' }) satisfies RowOutput;

async function setUp(contextLength: number = TINY.context, chunkTokens = 8) {
  const device = new RecordingDevice();
  const file = tinyFile({ metadata: { 'llama.context_length': contextLength } });
  const { prepared } = allocateModel(device, file, describeNetwork(file), {
    kvType: 'f32',
    maxConcurrent: 4,
    chunkTokens,
    variants: { matvec: 'rows' },
  });
  const model = await prepared;
  const executor = new Executor(model);
  /** Puts what a kernel would have computed into its buffer. */
  const compute = (buffer: DeviceBuffer, words: Uint32Array): void => device.write(buffer, 0, words);
  const run = (submission: Partial<Submission>) =>
    executor.run({ body: 'prefill', rows: ROWS, outputs: [], ...submission });
  /** The plans that the last submission ran, and for how many rows. */
  const ran = (): unknown => device.submits.at(-1)?.steps.map(({ plan, rows }) => [plan.label, rows]);
  return { device, model, executor, compute, run, ran };
}

describe('allocateModel', () => {
  it('says what a request may hold here', async () => {
    const { executor } = await setUp();
    expect(executor.limits).toEqual({
      vocabularySize: vocabulary,
      contextLength: TINY.context,
      blockTokens: 16,
      totalBlocks: 3,
      window: null,
      minChunkTokens: 8,
      maxChunkTokens: 8,
      maxDecodeRows: 16,
      maxSlots: 4,
      topK: vocabulary,
      maxOutputs: 8,
    });
  });

  it.each([
    [true, undefined, 16, 16],
    [false, undefined, 16, 100],
    [false, 90, 90, 90],
    [false, 512, 100, 100],
    [true, 1, 1, 1],
  ] as const)(
    'on a device that is software: %s, with chunkTokens %s, prefills %i … %i rows at once',
    async (isSoftware, chunkTokens, min, max) => {
      const file = tinyFile({ metadata: { 'llama.context_length': 100 } });
      const device = Object.assign(new RecordingDevice(), { isSoftware });
      const { prepared } = allocateModel(device, file, describeNetwork(file), {
        kvType: 'f16',
        maxConcurrent: 1,
        ...(chunkTokens === undefined ? {} : { chunkTokens }),
        variants: { matvec: 'rows' },
      });
      expect((await prepared).limits).toMatchObject({ minChunkTokens: min, maxChunkTokens: max });
    },
  );
});

describe('a model with layers that have a window', () => {
  const CONTEXT = 2048;

  async function windowed(maxConcurrent: number, chunkTokens: number): Promise<Executor> {
    const { bytes } = await readZoo('gemma3');
    const parsed = parseGguf(bytes, bytes.byteLength);
    if (parsed.kind !== 'complete') throw new Error('the fixture is cut');
    const { file } = parsed;
    const { prepared } = allocateModel(new RecordingDevice(), file, describeNetwork(file), {
      ...{ kvType: 'f16', maxConcurrent, chunkTokens, contextLength: CONTEXT },
      variants: { matvec: 'rows' },
    });
    return new Executor(await prepared);
  }

  it('has blocks for what the rows of a chunk see, however many these are', async () => {
    const [few, many] = [await windowed(1, 16), await windowed(1, 512)].map(({ limits }) => limits.window?.blocks ?? 0);
    expect(few).toBeGreaterThan(0);
    expect(many).toBe((few ?? 0) + (512 - 16) / 16);
  });

  it('has place for the largest step: both tables of every slot, draws and penalties', async () => {
    const executor = await windowed(64, 16);
    const table = (): number[] => Array<number>(CONTEXT / 16).fill(0);
    const rows = Array.from({ length: 64 }, (_, slot) => {
      return { token: null, position: CONTEXT - 1, slot, blocks: table(), windowBlocks: table() };
    });
    const outputs = Array.from({ length: executor.limits.maxOutputs }, (_, row) => ({
      ...drawn(row),
      penalties: PENALTIES,
    }));
    const found = await executor.run({ body: 'decode', rows, outputs });
    expect(found).toHaveLength(64);
  });
});

function noTensor(name: string): never {
  throw new Error(`nothing needs ${name}`);
}

describe('Executor', () => {
  it('writes the step once and runs the body alone where nothing is asked', async () => {
    const { device, model, run, ran } = await setUp();
    const before = device.counters();
    expect(await run({})).toEqual([]);
    expect(ran()).toEqual([
      ['keep', 3],
      ['prefill.64', 3],
    ]);
    expect(device.submits.at(-1)?.readbacks).toMatchObject([{ sizeBytes: 4 }]);
    const words = encodeStepInput(
      ROWS,
      [],
      [ropeTable({ pairs: 8, base: 10_000, pairing: 'neighbours', scaling: { kind: 'none' } }, 64, noTensor)],
    );
    expect([...device.bytesOf(model.plans.stepInput).subarray(0, words.byteLength)]).toEqual([
      ...new Uint8Array(words.buffer),
    ]);
    expect(device.counters()).toMatchObject({
      submits: before.submits + 1,
      passes: before.passes + 1,
      bufferWrites: before.bufferWrites + 1,
      buffersCreated: before.buffersCreated,
    });
  });

  it('runs every pipeline once where it is asked to, on one row', async () => {
    const { device, model, executor } = await setUp(1024, 512);
    const { prefill, decode, head, keep, penalise, argmax, sample } = model.plans;
    expect(prefill.map(({ width }) => width)).toEqual([64, 256, 512]);
    const all = [keep, penalise, argmax, sample, ...[...prefill, ...decode, ...head].map(({ plan }) => plan)];
    const pipelineOf = ({ shader, modules, constants }: Dispatch): string =>
      JSON.stringify([shader, modules, constants]);
    const pipelines = new Set(all.flatMap(({ dispatches }) => dispatches.map(pipelineOf)));
    const plans = device.plans.size;
    await executor.runEveryPipeline({ token: 0, position: 0, slot: 0, blocks: [0] }, DRAW, PENALTIES);
    const [step, ...more] = device.submits.at(-1)?.steps ?? [];
    expect([step?.rows, more]).toEqual([1, []]);
    expect(step?.plan.dispatches.map(pipelineOf).toSorted()).toEqual([...pipelines].toSorted());
    // A layer's worth, not the model's.
    expect(pipelines.size).toBeGreaterThan(20);
    expect(device.plans.size).toBe(plans);
  });

  it('runs with them what joins ranges, which few positions have no use for', async () => {
    const { device, executor } = await setUp(4096);
    await executor.runEveryPipeline({ token: 0, position: 0, slot: 0, blocks: [0] }, DRAW, PENALTIES);
    const [step] = device.submits.at(-1)?.steps ?? [];
    const ran = step?.plan.dispatches.filter((dispatch) => gridOf(dispatch, step) !== null);
    expect(ran?.map(({ kernel }) => kernel)).toContain('attention_merge');
    expect(ran).toEqual(step?.plan.dispatches);
  });

  it.each([
    [255, 1],
    [256, 2],
    [1023, 4],
  ])('tells a decode step how far its rows see: up to position %i, %i ranges', async (position, ranges) => {
    const { run, device } = await setUp(1024);
    const row = { token: 5, slot: 0, blocks: Array<number>(64).fill(0) };
    const rows = [
      { ...row, position: 7 },
      { ...row, position },
      { ...row, position: 0 },
    ];
    await run({ body: 'decode', rows, outputs: [best(1)] });
    expect(device.submits.at(-1)?.steps.map(({ ranges: told }) => told)).toEqual([ranges, undefined, undefined]);
    await run({ body: 'prefill', rows });
    expect(device.submits.at(-1)?.steps.map(({ ranges: told }) => told)).toEqual([undefined, undefined]);
  });

  it('gives the best token of each output', async () => {
    const { model, compute, run, ran, device } = await setUp();
    compute(model.plans.argmaxResult, Uint32Array.of(0x80000000, 7, NAN_KEY, 3));
    expect(await run({ body: 'decode', outputs: [best(2), best(0)] })).toEqual([
      { mode: 'argmax', tokenId: 7, nan: false },
      { mode: 'argmax', tokenId: 3, nan: true },
    ]);
    expect(ran()).toEqual([
      ['decode.4', 3],
      ['head.2', 2],
      ['argmax', 2],
    ]);
    expect(device.submits.at(-1)?.readbacks).toEqual([{ buffer: model.plans.argmaxResult, sizeBytes: 16 }]);
  });

  it('gives the token that was drawn for each output, and tells the device what to draw with', async () => {
    const { model, compute, run, ran, device } = await setUp();
    compute(model.plans.sampleResult, Uint32Array.of(0x80000000, 7, NAN_KEY, 3));
    expect(await run({ outputs: [drawn(1), drawn(2, 0.75)] })).toEqual([
      { mode: 'sample', tokenId: 7, nan: false },
      { mode: 'sample', tokenId: 3, nan: true },
    ]);
    expect(ran()).toEqual([
      ['keep', 3],
      ['prefill.64', 3],
      ['head.2', 2],
      ['sample', 2],
    ]);
    expect(device.submits.at(-1)?.readbacks).toEqual([{ buffer: model.plans.sampleResult, sizeBytes: 16 }]);
    const words = new Uint32Array(device.bytesOf(model.plans.stepInput).slice().buffer);
    const floats = new Float32Array(words.buffer);
    const at = words[4] ?? 0;
    expect([words[at], ...floats.subarray(at + 1, at + 5)]).toEqual([40, 0.5, 1, 0, 0.25]);
    expect(floats[at + 9]).toBe(0.75);
  });

  it('gives tokens and logits of one submission: greedy outputs are drawn from one candidate beside others', async () => {
    const { model, compute, run, ran, device } = await setUp();
    const logits = Float32Array.from({ length: 4 * vocabulary }, (_, i) => i / 2);
    compute(model.plans.logits, new Uint32Array(logits.buffer));
    compute(model.plans.sampleResult, Uint32Array.of(1, 100, 2, 101, 3, 102, NAN_KEY, 103));
    const penalised = { ...best(2), penalties: PENALTIES };
    const found = await run({ body: 'decode', outputs: [drawn(1), whole(0), penalised, whole(2)] });
    expect(found).toEqual([
      { mode: 'sample', tokenId: 102, nan: false },
      { mode: 'logits', logits: logits.slice(0, vocabulary) },
      { mode: 'argmax', tokenId: 103, nan: true },
      { mode: 'logits', logits: logits.slice(vocabulary, 2 * vocabulary) },
    ]);
    expect(ran()).toEqual([
      ['decode.4', 3],
      ['head.4', 4],
      ['penalise', 4],
      ['sample', 4],
    ]);
    expect(device.submits.at(-1)?.readbacks).toEqual([
      { buffer: model.plans.logits, sizeBytes: 2 * vocabulary * 4 },
      { buffer: model.plans.sampleResult, sizeBytes: 32 },
    ]);
    const words = new Uint32Array(device.bytesOf(model.plans.stepInput).slice().buffer);
    const [outputsAt = 0, drawsAt = 0, penaltiesAt = 0] = [words[1], words[4], words[5]];
    expect([...words.subarray(outputsAt, outputsAt + 4)]).toEqual([0, 2, 1, 2]);
    expect([0, 1, 2, 3].map((i) => words[drawsAt + i * STEP_DRAW_WORDS])).toEqual([1, 1, 40, 1]);
    expect([0, 1, 2, 3].map((i) => words[penaltiesAt + i * STEP_PENALTY_WORDS])).toEqual([0, 0, 0, 3]);
  });

  it('penalises between head and choice where an output has penalties, at the price of one dispatch', async () => {
    const { executor, model, run, ran, device } = await setUp();
    await run({ body: 'decode', outputs: [best(1), best(2)] });
    expect(ran()).toEqual([
      ['decode.4', 3],
      ['head.2', 2],
      ['argmax', 2],
    ]);
    const plain = executor.lastDecodeStep;
    await run({ body: 'decode', outputs: [best(1), { ...best(2), penalties: PENALTIES }] });
    expect(ran()).toEqual([
      ['decode.4', 3],
      ['head.2', 2],
      ['penalise', 2],
      ['argmax', 2],
    ]);
    const bytesWritten = plain.bytesWritten + 2 * STEP_PENALTY_WORDS * 4;
    expect(executor.lastDecodeStep).toEqual({ ...plain, dispatches: plain.dispatches + 1, bytesWritten });
    const words = new Uint32Array(device.bytesOf(model.plans.stepInput).slice().buffer);
    const at = words[5] ?? 0;
    expect([words[at], words[at + STEP_PENALTY_WORDS]]).toEqual([0, 3]);
    await run({ outputs: [{ ...drawn(1), penalties: PENALTIES }, drawn(2)] });
    expect(ran()).toEqual([
      ['keep', 3],
      ['prefill.64', 3],
      ['head.2', 2],
      ['penalise', 2],
      ['sample', 2],
    ]);
  });

  it('keeps the tokens of rows that nothing is asked of, and of every prompt', async () => {
    const { run, ran } = await setUp();
    await run({ body: 'decode' });
    expect(ran()).toEqual([
      ['keep', 3],
      ['decode.4', 3],
    ]);
    await run({ body: 'prefill', outputs: [best(2)] });
    expect(ran()).toContainEqual(['keep', 3]);
    await run({ body: null, outputs: [best(2)] });
    expect(ran()).not.toContainEqual(['keep', 3]);
  });

  it('gives all logits, each output its own array', async () => {
    const { model, compute, run, ran } = await setUp();
    const logits = Float32Array.from({ length: 2 * vocabulary }, (_, i) => i / 2);
    compute(model.plans.logits, new Uint32Array(logits.buffer));
    const outputs = await run({ body: null, outputs: [whole(0), whole(1)] });
    expect(ran()).toEqual([['head.2', 2]]);
    const arrays = outputs.map((output) => (output.mode === 'logits' ? output.logits : new Float32Array()));
    expect(arrays.map((array) => [...array])).toEqual([
      [...logits.subarray(0, vocabulary)],
      [...logits.subarray(vocabulary)],
    ]);
    expect(arrays.every((array) => array.byteLength === array.buffer.byteLength)).toBe(true);
  });

  it('tells what a decode step cost, with all its submissions', async () => {
    const { executor, run } = await setUp();
    expect(executor.lastDecodeStep.submits).toBe(0);
    await run({ body: 'prefill' });
    await run({ body: null, outputs: [best(0)] });
    expect(executor.lastDecodeStep.submits).toBe(0);
    await run({ body: 'decode', outputs: [best(0)] });
    const one = executor.lastDecodeStep;
    expect(one).toMatchObject({
      submits: 1,
      passes: 1,
      bufferWrites: 1,
      readbacks: 1,
      readbackBytes: 8,
      buffersCreated: 0,
    });
    expect(one.dispatches).toBeGreaterThan(10);
    await run({ body: null, outputs: [drawn(1)] });
    expect(executor.lastDecodeStep).toMatchObject({ submits: 2, bufferWrites: 2, readbackBytes: 16 });
    // A prompt's steps are none of its own.
    await run({ body: 'prefill' });
    await run({ body: null, outputs: [best(2)] });
    expect(executor.lastDecodeStep).toMatchObject({ submits: 2 });
    await run({ body: 'decode', outputs: [best(0)] });
    expect(executor.lastDecodeStep).toEqual(one);
    await run({ body: 'decode', outputs: [drawn(0)] });
    const { submits, passes, bufferWrites, readbacks, readbackBytes, buffersCreated } = one;
    const least = { submits, passes, bufferWrites, readbacks, readbackBytes, buffersCreated };
    expect(executor.lastDecodeStep).toMatchObject(least);
  });

  it('takes the narrowest batch that holds the rows, and has none that more requests would need', async () => {
    const { model, run, ran } = await setUp();
    for (const plans of [model.plans.decode, model.plans.head])
      expect(plans.map(({ width }) => width)).toEqual([1, 2, 4]);
    for (const [count, width] of [1, 2, 4, 4].map((batch, i) => [i + 1, batch] as const)) {
      const rows = Array.from({ length: count }, (_, slot) => ({ token: 5, position: 0, slot, blocks: BLOCKS }));
      await run({ body: 'decode', rows, outputs: rows.map((_, row) => best(row)) });
      expect(ran()).toEqual([
        [`decode.${width}`, count],
        [`head.${width}`, count],
        ['argmax', count],
      ]);
    }
    const replayed = Array.from({ length: 16 }, (_, position) => ({ token: 5, position, slot: 0, blocks: BLOCKS }));
    await run({ body: 'decode', rows: replayed });
    expect(ran()).toContainEqual(['decode.4', 16]);
  });

  it('takes no token from a device that gave less than was asked for', async () => {
    const { device, run } = await setUp();
    device.submit = async (_steps, readback) => new Uint8Array(readback?.sizeBytes ?? 0);
    await expect(run({ outputs: [whole(0), best(1)] })).rejects.toThrow('the token of an output');
  });

  it('submits before it waits: steps run in the order of the calls', async () => {
    const { device, run } = await setUp();
    const both = [run({ body: 'decode', outputs: [best(0)] }), run({ body: 'prefill' })];
    expect(device.submits.map(({ steps }) => steps[0]?.plan.label)).toEqual(['decode.4', 'keep']);
    await Promise.all(both);
  });
});
