import { describe, expect, it } from 'vitest';
import { Random } from '../../test/kernels/random';
import { withOverrides } from '../../test/support/load-zoo';
import { RecordingDevice } from '../../test/support/recording-device';
import { tinyGguf, type TinyOptions } from '../../test/support/tiny-llama';
import { ForgelightError } from '../base/errors';
import { MIB } from '../base/units';
import type { DeviceBuffer } from '../device/device';
import { createReferenceDevice } from '../device/reference/reference-device';
import { parseGguf } from '../gguf/parse';
import type { GgufFile, GgufTensor } from '../gguf/types';
import { dequantize } from '../quant/format';
import { joinBlock, planeLayout, splitPlanes } from '../quant/planes';
import { allocateWeights } from './device-weights';
import { describeNetwork } from './registry';
import type { MatrixSlice } from './matrix-slices';
import { allWeights, planWeights, type WeightPlan } from './weight-plan';
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

function model(options: TinyOptions = MIXED, maxBufferBytes = Infinity): Model {
  const bytes = tinyGguf(options);
  const parsed = parseGguf(bytes, bytes.byteLength);
  if (parsed.kind !== 'complete') throw new Error('the tiny model is cut');
  return { bytes, file: parsed.file, plan: planWeights(describeNetwork(parsed.file), parsed.file, maxBufferBytes) };
}

/** What must lie on the device, made straight from the file: name → bytes. */
function direct({ bytes, plan }: Model): Map<string, Uint8Array> {
  const dataOf = (tensor: GgufTensor): Uint8Array =>
    bytes.slice(tensor.offsetBytes, tensor.offsetBytes + tensor.sizeBytes);
  const planes = ({ format, rows, columns, parts }: MatrixSlice): Uint8Array => {
    const layout = planeLayout(format, (rows * columns) / format.blockElements);
    const rowBytes = (columns / format.blockElements) * format.blockBytes;
    const ofRows = (part: MatrixSlice['parts'][number]): Uint8Array =>
      dataOf(part.tensor).subarray(part.tensorRow * rowBytes, (part.tensorRow + part.rows) * rowBytes);
    const { main, side } = splitPlanes(format, Buffer.concat(parts.map(ofRows)));
    const out = new Uint8Array(layout.totalBytes);
    out.set(main);
    if (side !== null) out.set(side, layout.sideOffsetBytes);
    return out;
  };
  const { matrices, vectors } = allWeights(plan);
  return new Map([
    ...matrices.flatMap(({ slices }) => slices.map((slice): [string, Uint8Array] => [slice.name, planes(slice)])),
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
  maxBufferBytes = 2 ** 31,
): Promise<Map<string, Uint8Array>> {
  const base = createReferenceDevice();
  const buffers = new Map<string, DeviceBuffer>();
  const device = withOverrides(base, {
    limits: { ...base.limits, maxBufferBytes },
    createBuffer(label, sizeBytes) {
      if (label === 'upload') expect(sizeBytes).toBeLessThanOrEqual(maxBufferBytes);
      const buffer = base.createBuffer(label, sizeBytes);
      buffers.set(label, buffer);
      return buffer;
    },
    destroyBuffer(buffer) {
      buffers.delete(buffer.label);
      base.destroyBuffer(buffer);
    },
  });
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
  await upload.drain();
  const read = async (buffer: DeviceBuffer) => await device.submit([], { buffer, sizeBytes: buffer.sizeBytes });
  return new Map(await Promise.all([...buffers].map(async ([label, buffer]) => [label, await read(buffer)] as const)));
}

/** Compared by hand: `toEqual` takes long over typed arrays. */
function expectSame(actual: Map<string, Uint8Array>, wanted: Map<string, Uint8Array>): void {
  expect([...actual.keys()].sort()).toEqual([...wanted.keys()].sort());
  const different = [...wanted].filter(
    ([name, bytes]) => Buffer.compare(bytes, actual.get(name) ?? new Uint8Array()) !== 0,
  );
  expect(different.map(([name]) => name)).toEqual([]);
}

/**
 * The file's rows as what lies in the slices gives them back, in the order of the rows that each matrix gives: each slice's
 * planes are joined, and gate above up is put back in order.
 */
function valuesOf(plan: WeightPlan, onDevice: Map<string, Uint8Array>): Record<string, string[]> {
  const gated = new Set(plan.layers.flatMap((layer) => (layer.gateUp.length === 1 ? layer.gateUp : [])));
  return Object.fromEntries(
    allWeights(plan).matrices.map((matrix) => {
      const bands = gated.has(matrix) ? 2 : 1;
      const rows: string[] = [];
      for (const slice of matrix.slices) {
        const planes = onDevice.get(slice.name) ?? new Uint8Array();
        rowsOf(slice, planes).forEach((row, i) => {
          const count = slice.rows / bands;
          const band = Math.floor(i / count);
          rows[(band * matrix.rows) / bands + slice.firstRow + (i % count)] = row;
        });
      }
      return [matrix.name, rows];
    }),
  );
}

/** The bytes of a slice's rows as in the file, in hexadecimal: compared soon, and a failure can be read. */
function rowsOf({ format, rows, columns }: MatrixSlice, planes: Uint8Array): string[] {
  const rowBlocks = columns / format.blockElements;
  const layout = planeLayout(format, rows * rowBlocks);
  const bytes = Buffer.alloc(rowBlocks * format.blockBytes);
  return Array.from({ length: rows }, (_, row) => {
    for (let i = 0; i < rowBlocks; i += 1) {
      const block = bytes.subarray(i * format.blockBytes, (i + 1) * format.blockBytes);
      joinBlock(format, layout, planes, row * rowBlocks + i, block);
    }
    return bytes.toString('hex');
  });
}

describe('WeightUpload', () => {
  it('has the cases it is tested with', () => {
    const { plan } = model();
    expect((plan.embedding.rows * plan.embedding.columns) / 32).toBe(41);
    expect(plan.layers[0]?.qkv).toMatchObject([
      { rows: 128, format: { type: 'Q8_0' }, slices: [{ parts: [{}, {}, {}] }] },
    ]);
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

  it.each([384, 700, 1500, 3001])('cuts matrices into buffers of at most %i bytes', async (maxBufferBytes) => {
    const whole = model();
    const tiny = model(MIXED, maxBufferBytes);
    const wanted = direct(tiny);
    const values = valuesOf(whole.plan, direct(whole));
    const matrices = allWeights(tiny.plan).matrices;
    const slices = matrices.flatMap((matrix) => matrix.slices);
    expect(slices.length).toBeGreaterThan(matrices.length);
    expect(Math.max(...slices.map(({ name }) => wanted.get(name)?.byteLength ?? Infinity))).toBeLessThanOrEqual(
      maxBufferBytes,
    );
    for (const size of [1, 33, 34, 613, 4097, MIB]) {
      const actual = await uploaded(tiny, tiny.file.dataOffsetBytes, () => size, maxBufferBytes);
      expectSame(actual, wanted);
      expect(valuesOf(tiny.plan, actual)).toEqual(values);
    }
  });

  it('puts them there also when a matrix, after others, fills what is staged several times', async () => {
    const shapes = { 'token_embd.weight': [32, 70_000], 'output.weight': undefined };
    const big = model({ ...MIXED, shapes, order: (names) => names.toSorted() }); // the embedding comes last
    expect(big.plan.embedding.rows * 34).toBeGreaterThan(4 * 512 * 1024);
    for (const size of [613 * 1024 + 1, 10 * MIB]) {
      expectSame(await uploaded(big, big.file.dataOffsetBytes, () => size), direct(big));
    }
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

  it.each([70_001, 520_000, 64 * MIB])('has at most 4 MiB on the way, in pushes of %i bytes', async (pushBytes) => {
    const { bytes, file, plan } = model({
      ...MIXED,
      shapes: { 'token_embd.weight': [32, 180_000], 'output.weight': undefined },
    });
    const device = new RecordingDevice();
    const flushes: (() => void)[] = [];
    const written = (): number => device.counters().bytesWritten;
    let [left, most] = [0, 0];
    const slow = withOverrides(device, {
      write(...args) {
        device.write(...args);
        most = Math.max(most, written() - left);
      },
      async flush() {
        const before = written();
        await new Promise<void>((resolve) => flushes.push(resolve));
        left = before;
      },
    });
    const weights = allocateWeights(slow, plan);
    const upload = new WeightUpload(slow, plan, weights, file.dataOffsetBytes);
    const stagedBytes = device.allocatedBytes() - weights.sizeBytes;
    const pushing = (async () => {
      for (let at = file.dataOffsetBytes; at < bytes.byteLength; at += pushBytes) {
        await upload.push(bytes.subarray(at, at + pushBytes));
      }
      await upload.drain();
    })();
    for (let done = false; !done;) {
      // As late as can be: when it waits for it.
      done = await Promise.race([
        pushing.then(() => true),
        new Promise<false>((resolve) => setImmediate(resolve, false)),
      ]);
      flushes.shift()?.();
    }
    expect(upload.complete).toBe(true);
    expect(written()).toBeGreaterThan(5 * MIB);
    expect(most).toBeGreaterThan(2 * MIB); // both windows
    expect(stagedBytes).toBeGreaterThan(0);
    expect(most + stagedBytes).toBeLessThanOrEqual(4 * MIB);
    expect(device.allocatedBytes()).toBe(weights.sizeBytes); // staging is gone
    expect([device.plans.size, device.counters().pipelinesCreated]).toEqual([0, 1]);
  });

  it('makes one pipeline for all formats, first of all, and nothing on the device where no block is split', async () => {
    const { file, plan, bytes } = model();
    let released = 0;
    const recorder = new RecordingDevice();
    const device = withOverrides(recorder, { releaseStaging: () => (released += 1) });
    const weights = allocateWeights(device, plan);
    const upload = new WeightUpload(device, plan, weights, file.dataOffsetBytes);
    expect(device.counters().pipelinesCreated).toBe(1);
    await upload.push(bytes.subarray(file.dataOffsetBytes));
    expect(released).toBe(0);
    await upload.drain();
    expect(released).toBe(1);
    expect(device.counters().pipelinesCreated).toBe(1);
    expect([recorder.plans.size, device.allocatedBytes()]).toEqual([0, weights.sizeBytes]);

    const whole = model({ ...MIXED, types: { 'token_embd.weight': 'Q4_1', 'output.weight': 'F16' } });
    const idle = new RecordingDevice();
    const plainly = new WeightUpload(idle, whole.plan, allocateWeights(idle, whole.plan), whole.file.dataOffsetBytes);
    await plainly.push(whole.bytes.subarray(whole.file.dataOffsetBytes));
    await plainly.drain();
    expect(plainly.complete).toBe(true);
    expect(idle.counters()).toMatchObject({ pipelinesCreated: 0, submits: 0 });
  });

  it('lets bytes wait for the pipeline', async () => {
    const { file, plan, bytes } = model();
    const device = new RecordingDevice();
    let make = (): void => undefined;
    const made = new Promise<void>((resolve) => (make = resolve));
    const slow = withOverrides(device, { prepare: async (given) => made.then(() => device.prepare(given)) });
    const upload = new WeightUpload(slow, plan, allocateWeights(slow, plan), file.dataOffsetBytes);
    const pushing = upload.push(bytes.subarray(file.dataOffsetBytes)).then(() => upload.drain());
    await new Promise((resolve) => setImmediate(resolve));
    expect([upload.complete, device.counters().bytesWritten]).toEqual([false, 0]);
    make();
    await pushing;
    expect([upload.complete, device.submits.length > 0]).toEqual([true, true]);
  });

  it.each(['prepare', 'submit'] as const)('tells of a device that is lost in %s', async (method) => {
    const { bytes, file, plan } = model();
    const device = new RecordingDevice();
    const lost = withOverrides(device, {
      [method]: () => Promise.reject(new ForgelightError('device-lost', 'The GPU was lost.')),
    });
    const upload = new WeightUpload(lost, plan, allocateWeights(lost, plan), file.dataOffsetBytes);
    const pushing = upload.push(bytes.subarray(file.dataOffsetBytes)).then(() => upload.drain());
    await expect(pushing).rejects.toMatchObject({ code: 'device-lost' });
  });

  it('tells of a buffer that could not be made, also with the last bytes', async () => {
    const { bytes, file, plan } = model();
    const device = new RecordingDevice();
    const full = withOverrides(device, {
      flush: () => Promise.reject(new ForgelightError('out-of-memory', 'The graphics memory is full.')),
    });
    const upload = new WeightUpload(full, plan, allocateWeights(full, plan), file.dataOffsetBytes);
    await upload.push(bytes.subarray(file.dataOffsetBytes));
    await expect(upload.drain()).rejects.toMatchObject({ code: 'out-of-memory' });
    const more = upload.push(new Uint8Array(8 * MIB));
    await expect(more).rejects.toMatchObject({ code: 'out-of-memory' });
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
