import { describe, expect, it } from 'vitest';
import { Random } from '../../test/kernels/random';
import { RecordingDevice } from '../../test/support/recording-device';
import { tinyGguf, type TinyOptions } from '../../test/support/tiny-llama';
import { MIB } from '../base/units';
import { parseGguf } from '../gguf/parse';
import type { GgufFile, GgufTensor } from '../gguf/types';
import { dequantize } from '../quant/format';
import { planeLayout, splitPlanes } from '../quant/planes';
import { allocateWeights } from './device-weights';
import { describeNetwork } from './registry';
import { allWeights, planWeights, type MatrixPlan, type WeightPlan } from './weight-plan';
import { WeightUpload } from './weight-upload';

/**
 * Planes of every kind: no side, halves, bytes (MXFP4). Embedding and head have 41 blocks, no whole number of granules;
 * Q, K and V are one stacked matrix of Q8_0.
 */
const MIXED: TinyOptions = {
  hidden: 32,
  types: {
    'token_embd.weight': 'Q8_0',
    'output.weight': 'MXFP4',
    'output_norm.weight': 'F16',
    'blk.0.attn_q.weight': 'Q8_0',
    'blk.0.attn_k.weight': 'Q8_0',
    'blk.0.attn_v.weight': 'Q8_0',
    'blk.0.attn_output.weight': 'Q4_1',
    'blk.0.attn_norm.weight': 'Q8_0',
    'blk.0.ffn_gate.weight': 'Q4_1',
    'blk.0.ffn_up.weight': 'Q4_1',
    'blk.1.attn_q.weight': 'F16',
    'blk.1.ffn_down.weight': 'Q8_0',
  },
};

interface Model {
  readonly bytes: Uint8Array;
  readonly file: GgufFile;
  readonly plan: WeightPlan;
}

function model(options: TinyOptions = MIXED): Model {
  const bytes = tinyGguf(options);
  const parsed = parseGguf(bytes, bytes.byteLength);
  if (parsed.kind !== 'complete') throw new Error('the tiny model is cut');
  return { bytes, file: parsed.file, plan: planWeights(describeNetwork(parsed.file), parsed.file) };
}

/** What must lie on the device, made straight from the file: name → bytes. */
function direct({ bytes, plan }: Model): Map<string, Uint8Array> {
  const dataOf = (tensor: GgufTensor): Uint8Array =>
    bytes.slice(tensor.offsetBytes, tensor.offsetBytes + tensor.sizeBytes);
  const planes = ({ format, rows, columns, parts }: MatrixPlan): Uint8Array => {
    const layout = planeLayout(format, (rows * columns) / format.blockElements);
    const { main, side } = splitPlanes(format, Buffer.concat(parts.map((part) => dataOf(part.tensor))));
    const out = new Uint8Array(layout.totalBytes);
    out.set(main);
    if (side !== null) out.set(side, layout.sideOffsetBytes);
    return out;
  };
  const { matrices, vectors } = allWeights(plan);
  return new Map([
    ...matrices.map((matrix): [string, Uint8Array] => [matrix.name, planes(matrix)]),
    ...vectors.map((vector): [string, Uint8Array] => {
      return [vector.name, new Uint8Array(dequantize(vector.format, dataOf(vector.tensor)).buffer)];
    }),
  ]);
}

/** Uploads the file from `start` on in pieces of the given sizes, again and again; what lies on the device then. */
async function uploaded(
  { bytes, plan }: Model,
  start: number,
  pieceBytes: () => number,
): Promise<Map<string, Uint8Array>> {
  const device = new RecordingDevice();
  const weights = allocateWeights(device, plan);
  const upload = new WeightUpload(device, plan, weights, start);
  for (let at = start; at < bytes.byteLength;) {
    const size = pieceBytes();
    const piece = bytes.slice(at, at + size);
    await upload.push(piece);
    piece.fill(0xaa); // the caller's again
    at += size;
  }
  expect(upload.complete).toBe(true);
  return new Map([...device.buffers].map((buffer) => [buffer.label, buffer.bytes]));
}

/** Compared by hand: `toEqual` takes long over typed arrays. */
function expectSame(actual: Map<string, Uint8Array>, wanted: Map<string, Uint8Array>): void {
  expect([...actual.keys()].sort()).toEqual([...wanted.keys()].sort());
  const different = [...wanted].filter(
    ([name, bytes]) => Buffer.compare(bytes, actual.get(name) ?? new Uint8Array()) !== 0,
  );
  expect(different.map(([name]) => name)).toEqual([]);
}

describe('WeightUpload', () => {
  it('has the cases it is tested with', () => {
    const { plan } = model();
    expect((plan.embedding.rows * plan.embedding.columns) / 32).toBe(41);
    expect(plan.layers[0]?.qkv).toMatchObject([{ rows: 128, format: { type: 'Q8_0' }, parts: [{}, {}, {}] }]);
    expect(plan.layers[1]?.qkv).toHaveLength(3);
    const formats = allWeights(plan).matrices.map((matrix) => matrix.format.type);
    expect(new Set(formats)).toEqual(new Set(['F32', 'F16', 'Q4_1', 'Q8_0', 'MXFP4']));
  });

  it('puts the same bytes on the device whatever the pieces', async () => {
    const tiny = model();
    const wanted = direct(tiny);
    const start = tiny.file.dataOffsetBytes;
    for (let size = 1; size <= 80; size++) expectSame(await uploaded(tiny, start, () => size), wanted);
    for (const size of [1000, 4097, 65_536, 10 * MIB]) expectSame(await uploaded(tiny, start, () => size), wanted);
    const random = new Random(7);
    for (let i = 0; i < 20; i++) expectSame(await uploaded(tiny, start, () => random.integer(1, 5000)), wanted);
  });

  it('takes tensors in any order', async () => {
    for (let seed = 1; seed <= 5; seed++) {
      const order = (names: readonly string[]): string[] => {
        return new Random(seed).shuffled(names.length).map((i) => names[i] ?? '');
      };
      const tiny = model({ ...MIXED, order });
      expectSame(await uploaded(tiny, tiny.file.dataOffsetBytes, () => 777), direct(tiny));
    }
  });

  it('passes over the header, tensors of no use and what follows the last one', async () => {
    const shapes = { 'a.unused': [32, 5], 'blk.7.unused.weight': [96] };
    const order = (names: readonly string[]): string[] => names.toSorted();
    const tiny = model({ ...MIXED, shapes, order, types: { ...MIXED.types, 'a.unused': 'Q8_0' } });
    const longer = { ...tiny, bytes: new Uint8Array([...tiny.bytes, ...new Uint8Array(5000).fill(0x55)]) };
    for (const size of [1, 613, MIB]) expectSame(await uploaded(longer, 0, () => size), direct(tiny));
  });

  it('uploads a tied head once', async () => {
    const tiny = model({ ...MIXED, shapes: { 'output.weight': undefined } });
    expectSame(await uploaded(tiny, tiny.file.dataOffsetBytes, () => 999), direct(tiny));
  });

  it('is complete with the last byte of the last tensor, not before', async () => {
    const { bytes, file, plan } = model();
    const last = Math.max(...file.tensors.map((tensor) => tensor.offsetBytes + tensor.sizeBytes));
    const device = new RecordingDevice();
    const upload = new WeightUpload(device, plan, allocateWeights(device, plan), file.dataOffsetBytes);
    await upload.push(bytes.subarray(file.dataOffsetBytes, last - 1));
    expect(upload.complete).toBe(false);
    await upload.push(bytes.subarray(last - 1, last));
    expect(upload.complete).toBe(true);
  });

  it('waits for the device at least every 16 MiB', async () => {
    const { bytes, file, plan } = model();
    const device = new RecordingDevice();
    const upload = new WeightUpload(device, plan, allocateWeights(device, plan), file.dataOffsetBytes);
    await upload.push(bytes.subarray(file.dataOffsetBytes));
    const piece = new Uint8Array(MIB);
    for (let i = 0; i < 40; i++) await upload.push(piece);
    expect(device.flushes).toBe(2);
  });
});

describe('allocateWeights', () => {
  it('takes no more than the file, but for norms that become f32 and words that become whole', () => {
    const { file, plan } = model();
    const device = new RecordingDevice();
    const weights = allocateWeights(device, plan);
    expect(weights.sizeBytes).toBe(device.allocatedBytes());
    const fileBytes = file.tensors.reduce((sum, tensor) => sum + tensor.sizeBytes, 0);
    const grown = 32 * 4 - 32 * 2 + 32 * 4 - 34; // the F16 and the Q8_0 norm
    expect(weights.sizeBytes - fileBytes - grown).toBe(2 + 3); // 41 half scales, 41 bytes
  });
});
