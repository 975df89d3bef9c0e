import { describe, expect, it } from 'vitest';
import { RecordingDevice } from '../../test/support/recording-device';
import { tinyFile } from '../../test/support/tiny-llama';
import { countersSince } from '../base/counters';
import { matrixPlanes } from '../kernels/weight-matrix';
import { BATCH_WIDTHS, type BatchWidth } from '../kernels/matvec';
import { allocateModel } from './allocate-model';
import { Executor } from './executor';
import { describeNetwork } from './registry';
import { allWeights } from './weight-plan';

const SIXTEEN = Array.from({ length: 16 }, (_, i) => i + 1);

/** What a decode step of so many rows, each with an output, costs on a device that takes these widths. */
async function decodeSteps(matmul: 'rows' | 'tile', batch: readonly BatchWidth[], maxConcurrent = 16) {
  const device = new RecordingDevice();
  const file = tinyFile();
  const { weightPlan, prepared } = allocateModel(device, file, describeNetwork(file), {
    kvType: 'f16',
    maxConcurrent,
    variants: { matvec: 'rows', matmul, batch },
  });
  const executor = new Executor(await prepared);
  const { embedding, head } = weightPlan;
  // An embedding that is not the head is looked up, not multiplied with.
  const matrices = allWeights(weightPlan).matrices.filter((matrix) => matrix !== embedding || matrix === head);
  const weightBytes = matrices.reduce((sum, matrix) => sum + matrixPlanes(matrix).totalBytes, 0);
  const rowsOf = (count: number) =>
    Array.from({ length: count }, (_, slot) => ({ token: 1, position: 0, slot, blocks: [0] }));
  const cost = async (body: 'prefill' | 'decode', count: number) => {
    const before = device.counters();
    const rows = rowsOf(count);
    await executor.run({
      body,
      rows,
      outputs: body === 'decode' ? rows.map((_, i) => i) : [count - 1],
      mode: 'argmax',
    });
    return countersSince(device.counters(), before);
  };
  return { weightBytes, cost };
}

describe('the weight bytes that a step reads', () => {
  it('are those of every matrix once, for any batch, in as many dispatches', async () => {
    const { weightBytes, cost } = await decodeSteps('rows', BATCH_WIDTHS);
    const { dispatches } = await cost('decode', 1);
    for (const rows of SIXTEEN) {
      expect(await cost('decode', rows), `${rows} rows`).toMatchObject({ weightBytesRead: weightBytes, dispatches });
    }
  });

  it('are read once a row where no batch may be used, and once a batch where only some may', async () => {
    const alone = await decodeSteps('rows', [1]);
    const pairs = await decodeSteps('rows', [1, 2]);
    for (const rows of SIXTEEN) {
      expect((await alone.cost('decode', rows)).weightBytesRead).toBe(rows * alone.weightBytes);
      expect((await pairs.cost('decode', rows)).weightBytesRead).toBe(Math.ceil(rows / 2) * pairs.weightBytes);
    }
  });

  it('are read once a tile of a prompt, and the head once', async () => {
    const { weightBytes, cost } = await decodeSteps('tile', BATCH_WIDTHS);
    expect((await cost('prefill', 1)).weightBytesRead).toBe(weightBytes);
    expect((await cost('prefill', 40)).weightBytesRead).toBe(weightBytes);
    const narrow = await decodeSteps('rows', BATCH_WIDTHS);
    const [one, two] = [await narrow.cost('prefill', 8), await narrow.cost('prefill', 9)];
    expect(one.weightBytesRead).toBe(weightBytes);
    expect(two.weightBytesRead).toBeGreaterThan(weightBytes);
    expect(two.weightBytesRead).toBeLessThan(2 * weightBytes);
  });
});
