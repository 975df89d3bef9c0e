import { expect, it } from 'vitest';
import { allocateModel } from '../../src/models/allocate-model';
import { allocateWeights } from '../../src/models/device-weights';
import { isStaging } from '../../src/models/plane-staging';
import { describeNetwork } from '../../src/models/registry';
import { planWeights } from '../../src/models/weight-plan';
import { smollm2Header } from '../support/model-metadata';
import { RecordingDevice } from '../support/recording-device';

// What the default model takes on a device, by its header: the gates of a load.

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
