import { expect, it } from 'vitest';
import { RecordingDevice } from '../../test/support/recording-device';
import { tinyFile } from '../../test/support/tiny-llama';
import { attendedBytes } from '../kernels/attention';
import { allocateActivations, partsOf } from './lowering';
import { describeNetwork } from './registry';

it('has place for what ranges leave in the layer that has the most heads', () => {
  const { layers, ...network } = describeNetwork(tinyFile());
  const twice = layers.map((layer, i) => {
    const { attention } = layer;
    return i === 0 ? layer : { ...layer, attention: { ...attention, heads: 2 * attention.heads } };
  });
  const wide = { ...network, layers: twice };
  const device = new RecordingDevice();
  const parts = partsOf(device, wide, 4096, 16);
  expect(parts).toEqual({ rows: 16 });
  const { heads = NaN, headSize = NaN } = twice.at(-1)?.attention ?? {};
  expect(heads).toBe(2 * (twice[0]?.attention.heads ?? NaN));
  expect(allocateActivations(device, wide, 16, parts).attended.sizeBytes).toBe(
    attendedBytes({ rows: 16 }, heads, headSize),
  );
});
