import { expect, it } from 'vitest';
import { RecordingDevice } from '../../test/support/recording-device';
import { tinyFile } from '../../test/support/tiny-llama';
import { readZoo } from '../../test/support/zoo';
import { parseGguf } from '../gguf/parse';
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

it('has place for what every expert of every row gives, and for the layer that needs the most', async () => {
  const { bytes } = await readZoo('mixtral');
  const parsed = parseGguf(bytes, bytes.byteLength);
  if (parsed.kind !== 'complete') throw new Error('the fixture is cut');
  const network = describeNetwork(parsed.file);
  const [layer, ...others] = network.layers;
  if (layer?.feedForward.kind !== 'experts') throw new Error('a mixture of experts');
  const { used, size, experts } = layer.feedForward;
  expect(used).toBe(2);
  const rows = 512;
  const sizesOf = (layers: typeof network.layers) => {
    const { gateUp, gated, routes, routerLogits } = allocateActivations(
      new RecordingDevice(),
      { ...network, layers },
      rows,
      null,
    );
    return [gateUp, gated, routes, routerLogits].map(({ sizeBytes }) => sizeBytes / rows / 4);
  };
  const elements = [2 * used * size, used * size, 2 * used, experts];
  expect(sizesOf(network.layers)).toEqual(elements);
  const [plain] = describeNetwork(tinyFile()).layers;
  if (plain?.feedForward.kind !== 'dense') throw new Error('a layer without experts');
  const wide = { ...plain, feedForward: { ...plain.feedForward, size: 3 * used * size } };
  expect(sizesOf([wide, layer, ...others])).toEqual([6 * used * size, 3 * used * size, 2 * used, experts]);
});
