import { describe, expect, it } from 'vitest';
import { withOverrides } from '../../test/support/load-zoo';
import { RecordingDevice } from '../../test/support/recording-device';
import { tinyFile } from '../../test/support/tiny-llama';
import { readZoo } from '../../test/support/zoo';
import { countersSince } from '../base/counters';
import { parseGguf } from '../gguf/parse';
import type { GgufFile } from '../gguf/types';
import { matrixPlanes } from '../kernels/weight-matrix';
import type { ChunkWidth } from '../kernels/matmul';
import { BATCH_WIDTHS, type BatchWidth } from '../kernels/matvec';
import { allocateModel } from './allocate-model';
import { Executor } from './executor';
import { describeNetwork } from './registry';
import { allWeights } from './weight-plan';

const SIXTEEN = Array.from({ length: 16 }, (_, i) => i + 1);

interface Choice {
  readonly isSoftware?: boolean;
  readonly chunks?: readonly ChunkWidth[];
  readonly file?: GgufFile;
  readonly maxBindingBytes?: number;
}

/** What a step of so many rows costs on a device that takes these widths; of generated ones each has an output, of a prompt the last. */
async function stepsOf(
  batch: readonly BatchWidth[],
  { file = tinyFile(), maxBindingBytes, isSoftware = false, chunks }: Choice = {},
) {
  const maxConcurrent = 16;
  const device = new RecordingDevice();
  const limits = { ...device.limits, ...(maxBindingBytes !== undefined && { maxBindingBytes }) };
  const { weightPlan, weights, prepared } = allocateModel(
    withOverrides(device, { limits, isSoftware }),
    file,
    describeNetwork(file),
    {
      kvType: 'f16',
      maxConcurrent,
      variants: { matvec: 'rows', batch, ...(chunks !== undefined && { chunks }) },
    },
  );
  // No weights come, but the host reads factors of the rotation.
  for (const { name, length } of weightPlan.hostTensors) weights.host.set(name, new Float32Array(length).fill(1));
  const model = await prepared;
  const { plans } = model;
  const executor = new Executor(model);
  const { embedding, head } = weightPlan;
  // An embedding that is not the head is looked up, not multiplied with.
  const matrices = allWeights(weightPlan).matrices.filter((matrix) => matrix !== embedding || matrix === head);
  const ofExperts = new Set(weightPlan.layers.flatMap((layer) => (layer.experts ? [...layer.gateUp, layer.down] : [])));
  const bytesOf = (some: typeof matrices): number =>
    some.reduce((sum, matrix) => sum + matrixPlanes(matrix).totalBytes, 0);
  const weightBytes = bytesOf(matrices.filter((matrix) => !ofExperts.has(matrix)));
  const slices = matrices.reduce((sum, matrix) => sum + matrix.slices.length, 0);
  const blocks = [0];
  const rowsOf = (body: 'prefill' | 'decode', count: number) =>
    Array.from({ length: count }, (_, i) =>
      body === 'decode'
        ? { token: 1, position: 0, slot: i, blocks: [0] }
        : { token: 1, position: i % 16, slot: 0, blocks },
    );
  const cost = async (body: 'prefill' | 'decode', count: number) => {
    const before = device.counters();
    const rows = rowsOf(body, count);
    await executor.run({
      body,
      rows,
      outputs: (body === 'decode' ? [...rows.keys()] : [count - 1]).map((row) => ({ row, mode: 'argmax' })),
    });
    return countersSince(device.counters(), before);
  };
  return {
    weightBytes,
    expertBytes: bytesOf([...ofExperts]),
    isSliced: slices > matrices.length,
    limits: executor.limits,
    prefillWidths: plans.prefill.map(({ width }) => width),
    cost,
    /** The plans that the last step ran. */
    ran: () => device.submits.at(-1)?.steps.map(({ plan }) => plan.label),
  };
}

describe('the weight bytes that a step reads', () => {
  it('are those of every matrix once, for any batch, in as many dispatches', async () => {
    const { weightBytes, cost } = await stepsOf(BATCH_WIDTHS);
    const { dispatches } = await cost('decode', 1);
    for (const rows of SIXTEEN) {
      expect(await cost('decode', rows), `${rows} rows`).toMatchObject({ weightBytesRead: weightBytes, dispatches });
    }
  });

  it('are read once a row where no batch may be used, and once a batch where only some may', async () => {
    const alone = await stepsOf([1]);
    const pairs = await stepsOf([1, 2]);
    for (const rows of SIXTEEN) {
      expect((await alone.cost('decode', rows)).weightBytesRead).toBe(rows * alone.weightBytes);
      expect((await pairs.cost('decode', rows)).weightBytesRead).toBe(Math.ceil(rows / 2) * pairs.weightBytes);
    }
  });

  it.each([
    [false, [64, 256, 512]],
    [true, [16]],
  ])(
    'are those of every matrix once a chunk, however long, on a device that is software: %s',
    async (isSoftware, widths) => {
      const file = tinyFile({ metadata: { 'llama.context_length': 1024 } });
      const { weightBytes, limits, cost, ran } = await stepsOf(BATCH_WIDTHS, { file, isSoftware });
      const longest = Math.max(...widths);
      expect(limits.maxChunkTokens).toBe(longest);
      const { dispatches } = await cost('prefill', 1);
      for (const rows of [1, 7, 8, 9, 16, 63, 64, 65, 255, 256, 257, 511, 512].filter((rows) => rows <= longest)) {
        expect(await cost('prefill', rows), `${rows} rows`).toMatchObject({ weightBytesRead: weightBytes, dispatches });
        // In the narrowest tile that takes them all: wider ones leave threads idle.
        expect(ran()).toContain(`prefill.${widths.find((width) => width >= rows)}`);
      }
    },
  );

  it.each<{ readonly chunks: readonly ChunkWidth[] }>([
    { chunks: [64, 256] },
    { chunks: [64, 512] },
    { chunks: [512] },
  ])('are read once a chunk too where only some tiles may be used, and no other is: $chunks', async ({ chunks }) => {
    const file = tinyFile({ metadata: { 'llama.context_length': 1024 } });
    const { weightBytes, limits, cost, ran } = await stepsOf(BATCH_WIDTHS, { file, chunks });
    expect(limits.maxChunkTokens).toBe(Math.max(...chunks));
    for (const rows of [1, 65, 256]) {
      expect((await cost('prefill', rows)).weightBytesRead, `${rows} rows`).toBe(weightBytes);
      expect(ran()).toContain(`prefill.${chunks.find((width) => width >= rows)}`);
    }
  });

  it('are read in no wider tiles than the longest chunk needs', async () => {
    expect((await stepsOf(BATCH_WIDTHS)).prefillWidths).toEqual([64]);
  });

  it.each(['qwen3moe', 'mixtral', 'gpt-oss'])('are of experts those that each row is routed to: %s', async (name) => {
    const { bytes } = await readZoo(name);
    const parsed = parseGguf(bytes, bytes.byteLength);
    if (parsed.kind !== 'complete') throw new Error('the fixture is cut');
    const { file } = parsed;
    const [block] = describeNetwork(file).layers.map(({ feedForward }) => feedForward);
    if (block?.kind !== 'experts') throw new Error('a mixture of experts');
    for (const maxBindingBytes of [2 ** 31, 20_000]) {
      const { weightBytes, expertBytes, isSliced, cost } = await stepsOf(BATCH_WIDTHS, {
        file,
        maxBindingBytes,
      });
      expect(isSliced).toBe(maxBindingBytes < 2 ** 31);
      const ofRow = (expertBytes * block.used) / block.experts;
      for (const rows of [1, 5]) {
        expect((await cost('decode', rows)).weightBytesRead).toBeCloseTo(weightBytes + rows * ofRow, -2);
        expect((await cost('prefill', rows)).weightBytesRead).toBeCloseTo(weightBytes + rows * ofRow, -2);
      }
    }
  });
});
