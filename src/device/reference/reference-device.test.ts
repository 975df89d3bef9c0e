import { describe, expect, it } from 'vitest';
import { InvariantError } from '../../base/assert';
import { countersSince } from '../../base/counters';
import { matmul } from '../../kernels/matmul';
import { matvec } from '../../kernels/matvec';
import { encodeStepInput } from '../../kernels/step-input';
import { glu } from '../../kernels/glu';
import { F32 } from '../../quant/f32';
import type { Device, DeviceBuffer, PreparedPlan } from '../device';
import { createReferenceDevice } from './reference-device';

const row = { token: 0, position: 0, slot: 0, blocks: [0] };

/** A step of two rows, x = [gate | up] of one element a row, and the plan y = silu(gate) · up. */
async function swigluPlan(
  device: Device,
): Promise<{ plan: PreparedPlan; x: DeviceBuffer; y: DeviceBuffer; stepInput: DeviceBuffer }> {
  const stepWords = encodeStepInput([row, row], [], []);
  const stepInput = device.createBuffer('step', stepWords.byteLength);
  device.write(stepInput, 0, stepWords);
  const [x, y] = [device.createBuffer('x', 16), device.createBuffer('y', 8)];
  const plan = await device.prepare({ label: 'plan', stepInput, dispatches: [glu({ x, y, size: 1 })] });
  return { plan, x, y, stepInput };
}

function floats(...values: number[]): Uint32Array {
  return new Uint32Array(Float32Array.from(values).buffer);
}

async function readFloats(device: Device, buffer: DeviceBuffer): Promise<number[]> {
  const bytes = await device.submit([], { buffer, sizeBytes: buffer.sizeBytes });
  return [...new Float32Array(bytes.buffer)];
}

describe('the reference device', () => {
  it('makes zeroed memory in whole words and counts its bytes', async () => {
    const device = createReferenceDevice();
    const buffer = device.createBuffer('b', 5);
    expect(buffer.sizeBytes).toBe(8);
    expect(await readFloats(device, buffer)).toEqual([0, 0]);
    expect(device.allocatedBytes()).toBe(8);
    device.destroyBuffer(buffer);
    expect(device.allocatedBytes()).toBe(0);
  });

  it('reads the beginnings of several buffers back at once', async () => {
    const device = createReferenceDevice();
    const [one, other] = [device.createBuffer('one', 12), device.createBuffer('other', 8)];
    device.write(one, 0, floats(1, 2, 3));
    device.write(other, 0, floats(4, 5));
    const readbacks = [
      { buffer: other, sizeBytes: 4 },
      { buffer: one, sizeBytes: 8 },
    ];
    const before = device.counters();
    const bytes = await device.submit([], ...readbacks);
    expect([...new Float32Array(bytes.buffer)]).toEqual([4, 1, 2]);
    expect(countersSince(device.counters(), before)).toMatchObject({ submits: 1, readbacks: 1, readbackBytes: 12 });
  });

  it('counts as a real device does', async () => {
    const device = createReferenceDevice();
    const { plan, x, y } = await swigluPlan(device);
    const before = device.counters();
    device.write(x, 0, floats(1, 2));
    await device.submit(
      [
        { plan, rows: 2 },
        { plan, rows: 1 },
      ],
      { buffer: y, sizeBytes: 4 },
    );
    expect(countersSince(device.counters(), before)).toEqual({
      dispatches: 2,
      weightBytesRead: 0,
      submits: 1,
      passes: 1,
      bindGroupsCreated: 0,
      bufferWrites: 1,
      bytesWritten: 8,
      readbacks: 1,
      readbackBytes: 4,
      buffersCreated: 0,
      pipelinesCreated: 0,
    });
    expect(before).toMatchObject({ bindGroupsCreated: 1, pipelinesCreated: 1, buffersCreated: 3 });
  });

  it('runs within submit: later writes do not change a submitted step', async () => {
    const device = createReferenceDevice();
    const { plan, x, y } = await swigluPlan(device);
    device.write(x, 0, floats(0, 2, 100, 3));
    const result = device.submit([{ plan, rows: 2 }], { buffer: y, sizeBytes: 8 });
    device.write(x, 0, floats(9, 9, 9, 9));
    device.write(y, 0, floats(9, 9));
    expect([...new Float32Array((await result).buffer)]).toEqual([0, 300]);
  });

  it('is lost when closed, and only then; a later submit says so', async () => {
    const device = createReferenceDevice();
    const { plan, y } = await swigluPlan(device);
    let lost = false;
    void device.lost.then(() => (lost = true));
    await device.submit([{ plan, rows: 2 }], { buffer: y, sizeBytes: 8 });
    expect(lost).toBe(false);
    device.close();
    device.close();
    expect(await device.lost).toMatchObject({ reason: 'destroyed' });
    expect(device.allocatedBytes()).toBe(0);
    await expect(device.submit([], { buffer: y, sizeBytes: 4 })).rejects.toMatchObject({ code: 'device-lost' });
  });

  it('refuses a buffer larger than it can hold', () => {
    const create = (): DeviceBuffer => createReferenceDevice().createBuffer('weights', 4 * 2 ** 30);
    expect(create).toThrow(
      expect.objectContaining({ code: 'out-of-memory', message: expect.stringContaining('weights') }),
    );
  });
});

describe('what a GPU would forgive is an InvariantError', () => {
  it('a destroyed buffer', async () => {
    const device = createReferenceDevice();
    const { plan, x, y } = await swigluPlan(device);
    device.destroyBuffer(x);
    expect(() => device.write(x, 0, floats(1))).toThrow(InvariantError);
    await expect(device.submit([{ plan, rows: 1 }], { buffer: y, sizeBytes: 4 })).rejects.toThrow(InvariantError);
    await expect(device.submit([], { buffer: x, sizeBytes: 4 })).rejects.toThrow(InvariantError);
  });

  it('writes and reads outside a buffer, or of parts of words', async () => {
    const device = createReferenceDevice();
    const buffer = device.createBuffer('b', 8);
    expect(() => device.write(buffer, 4, floats(1, 2))).toThrow(InvariantError);
    expect(() => device.write(buffer, 2, floats(1))).toThrow(InvariantError);
    expect(() => device.write(buffer, 0, new Uint8Array(3))).toThrow(InvariantError);
    await expect(device.submit([], { buffer, sizeBytes: 12 })).rejects.toThrow(InvariantError);
  });

  it('a kernel that leaves its buffers', async () => {
    const device = createReferenceDevice();
    const { plan, y } = await swigluPlan(device);
    await expect(device.submit([{ plan, rows: 3 }], { buffer: y, sizeBytes: 8 })).rejects.toThrow(InvariantError);
  });

  it('one buffer read and written by a dispatch', async () => {
    const device = createReferenceDevice();
    const { stepInput, x } = await swigluPlan(device);
    const plan = { label: 'alias', stepInput, dispatches: [glu({ x, y: x, size: 1 })] };
    await expect(device.prepare(plan)).rejects.toThrow(InvariantError);
  });

  it('a matmul for other rows than the step has, and a plan that was released', async () => {
    const device = createReferenceDevice();
    const { stepInput, plan: released, y: other } = await swigluPlan(device);
    const weights = { buffer: device.createBuffer('w', 32 * 4), format: F32, rows: 1, columns: 32 };
    const [x, y] = [device.createBuffer('x', 256), device.createBuffer('y', 8)];
    const dispatches = [matmul({ weights, x, y, yStride: 1, epilogue: 'store', width: 64 })];
    const plan = await device.prepare({ label: 'matmul', stepInput, dispatches });
    await device.submit([{ plan, rows: 2 }], { buffer: y, sizeBytes: 8 });
    await expect(device.submit([{ plan, rows: 1 }], { buffer: y, sizeBytes: 8 })).rejects.toThrow(InvariantError);
    device.release(released);
    await expect(device.submit([{ plan: released, rows: 1 }], { buffer: other, sizeBytes: 4 })).rejects.toThrow(
      InvariantError,
    );
  });
});

describe('dequantised weights', () => {
  it('are those of the last write', async () => {
    const device = createReferenceDevice();
    const { stepInput } = await swigluPlan(device);
    const weights = { buffer: device.createBuffer('w', 2 * 32 * 4), format: F32, rows: 2, columns: 32 };
    const [x, y] = [device.createBuffer('x', 128), device.createBuffer('y', 8)];
    device.write(x, 0, floats(...Array.from({ length: 32 }, (_, k) => (k === 0 ? 1 : 0))));
    const dispatches = [matvec({ weights, x, y, yStride: 2, epilogue: 'store', variant: 'rows' })];
    const plan = await device.prepare({ label: 'matvec', stepInput, dispatches });
    const run = async (): Promise<number[]> => {
      const bytes = await device.submit([{ plan, rows: 1 }], { buffer: y, sizeBytes: 8 });
      return [...new Float32Array(bytes.buffer)];
    };
    device.write(weights.buffer, 0, floats(3));
    expect(await run()).toEqual([3, 0]);
    device.write(weights.buffer, 32 * 4, floats(5));
    expect(await run()).toEqual([3, 5]);
  });
});
