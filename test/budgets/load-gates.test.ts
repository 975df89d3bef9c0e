import { expect, it } from 'vitest';
import { countersSince } from '../../src/base/counters';
import { matrixPlanes } from '../../src/kernels/weight-matrix';
import { allocateModel } from '../../src/models/allocate-model';
import { allocateWeights } from '../../src/models/device-weights';
import { Executor } from '../../src/models/executor';
import { isStaging } from '../../src/models/plane-staging';
import { describeNetwork } from '../../src/models/registry';
import { allWeights, planWeights } from '../../src/models/weight-plan';
import { smollm2Header } from '../support/model-metadata';
import { RecordingDevice } from '../support/recording-device';

// What the default model takes on a device, by its header: the gates of a load, and of a prompt.

const file = smollm2Header();
const network = describeNetwork(file);
const bytesOf = (buffers: Iterable<{ readonly sizeBytes: number }>): number =>
  [...buffers].reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);

it('weights take at most 1.01 times the bytes that they have in the file', () => {
  const device = new RecordingDevice();
  allocateWeights(device, planWeights(network, file));
  const inFile = bytesOf(file.tensors);
  expect(inFile).toBeGreaterThan(90_000_000);
  expect(bytesOf(device.buffers)).toBeGreaterThanOrEqual(inFile);
  expect(bytesOf(device.buffers) / inFile).toBeLessThanOrEqual(1.01);
});

it.each([false, true])('a load takes at most 1.05 times what stays, on a device that is software: %s', (isSoftware) => {
  const device = Object.assign(new RecordingDevice(), { isSoftware });
  allocateModel(device, file, network, {
    kvType: 'f16',
    maxConcurrent: 8,
    variants: { matvec: 'rows' },
  });
  const peak = bytesOf(device.buffers);
  const staying = bytesOf([...device.buffers].filter((buffer) => !isStaging(buffer.label)));
  expect(peak / staying).toBeLessThanOrEqual(1.05);
});

it.each([
  [false, [16, 64, 65, 256, 257, 512]],
  [true, [1, 8, 9, 16]],
])('a chunk reads the weights once, on a device that is software: %s', async (isSoftware, chunks) => {
  const device = Object.assign(new RecordingDevice(), { isSoftware });
  const { weightPlan, prepared } = allocateModel(device, file, network, {
    ...{ kvType: 'f16', maxConcurrent: 1, contextLength: 1024 },
    variants: { matvec: 'rows' },
  });
  const executor = new Executor(await prepared);
  const blocks = Array.from({ length: 64 }, (_, i) => i);
  // The embedding is the head too, which the last row alone meets.
  const matrices = new Set(allWeights(weightPlan).matrices);
  const weightBytes = [...matrices].reduce((sum, matrix) => sum + matrixPlanes(matrix).totalBytes, 0);
  expect(weightBytes).toBeGreaterThan(90_000_000);
  expect(executor.limits.maxChunkTokens).toBe(chunks.at(-1));
  for (const count of chunks) {
    const before = device.counters();
    const rows = Array.from({ length: count }, (_, position) => ({ token: 1, position, slot: 0, blocks }));
    await executor.run({ body: 'prefill', rows, outputs: [{ row: count - 1, mode: 'argmax' }] });
    expect(countersSince(device.counters(), before).weightBytesRead, `${count} tokens`).toBe(weightBytes);
  }
});
