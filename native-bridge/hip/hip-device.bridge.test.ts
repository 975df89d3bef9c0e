import { afterEach, describe, expect, it } from 'vitest';
import { defined } from '../../src/base/assert';
import type { Device, DeviceBuffer, PreparedPlan } from '../../src/device/device';
import { countersSince } from '../../src/base/counters';
import { argmax } from '../../src/kernels/candidates';
import { rmsnorm } from '../../src/kernels/rmsnorm';
import { encodeStepInput } from '../../src/kernels/step-input';
import { openSimulator, useSimulator } from '../sim/testing/open-simulator';
import { simulatorObjects } from '../sim/testing/simulator';
import { HipApi } from './hip-api';
import { HipDevice } from './hip-device';
import { openHipLibrary, type OpenLibrary } from './hip-library';
import { listGpus } from './list-gpus';
import { openHipDevice } from './open-hip-device';

const opened: Device[] = [];

afterEach(() => {
  for (const device of opened.splice(0)) device.close();
});

async function open(): Promise<HipDevice> {
  const device = await openSimulator({ wave: 32, seed: 7 });
  opened.push(device);
  return device;
}

/** Opens without looking at what simulated HIP is told to do meanwhile. */
async function openAgain(path: string, env: NodeJS.ProcessEnv = {}): Promise<Device> {
  const options = {
    env: { ...env, FORGELIGHT_HIP_LIBRARY: path },
    platform: 'linux',
    objects: simulatorObjects(),
  } as const;
  const device = await openHipDevice(options);
  opened.push(device);
  return device;
}

/** A plan of one kernel, which looks for the greatest of four logits of an output: y = (its key, its index), and the token in `sampled`. */
async function smallPlan(
  device: Device,
  runsIn: (ranges: number) => boolean = () => true,
): Promise<{ plan: PreparedPlan; logits: DeviceBuffer; sampled: DeviceBuffer }> {
  const logits = device.createBuffer('logits', 4 * 4);
  const y = device.createBuffer('y', 2 * 4);
  const sampled = device.createBuffer('sampled', 4);
  const input = encodeStepInput([{ token: 0, position: 0, slot: 0, blocks: [] }], [0], []);
  const step = device.createBuffer('step', input.byteLength);
  device.write(step, 0, input);
  const { dispatches } = argmax({ logits, size: 4, scratch: [y, y], sampled });
  const ofRanges = dispatches.map((one) => ({
    ...one,
    grid: (rows: number, ranges: number) => (runsIn(ranges) ? one.grid(rows, ranges) : ([0, 1, 1] as const)),
  }));
  const plan = await device.prepare({ label: 'small', stepInput: step, dispatches: ofRanges });
  return { plan, logits, sampled };
}

function floats(...values: number[]): Uint32Array {
  return new Uint32Array(Float32Array.from(values).buffer);
}

function words(bytes: Uint8Array): number[] {
  return [...new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4)];
}

async function read(device: Device, buffer: DeviceBuffer): Promise<number[]> {
  return words(await device.submit([], { buffer, sizeBytes: buffer.sizeBytes }));
}

describe('memory of the HIP device', () => {
  it('is told as far as it is free', async () => {
    const device = await open();
    const beforeBytes = device.freeBytes();
    const buffer = device.createBuffer('x', 1 << 20);
    expect(beforeBytes - device.freeBytes()).toBe(1 << 20);
    device.destroyBuffer(buffer);
    await device.flush();
    expect(device.freeBytes()).toBe(beforeBytes);
  });

  it('is zero at first, whole words, and keeps what is written', async () => {
    const device = await open();
    const buffer = device.createBuffer('words', 14);
    expect(buffer.sizeBytes).toBe(16);
    expect(await read(device, buffer)).toEqual([0, 0, 0, 0]);
    device.write(buffer, 4, Uint32Array.of(1, 2));
    expect(await read(device, buffer)).toEqual([0, 1, 2, 0]);
    expect(device.allocatedBytes()).toBe(16);
    device.destroyBuffer(buffer);
    device.destroyBuffer(buffer);
    expect(device.allocatedBytes()).toBe(0);
    expect(() => device.write(buffer, 0, Uint32Array.of(1))).toThrow('words is not destroyed');
  });

  it('takes writes that are larger than what they go through, and whose bytes are reused at once', async () => {
    const device = await open();
    const size = 5 * 2 ** 20 + 12;
    const buffer = device.createBuffer('weights', size);
    const data = new Uint32Array(size / 4).map((_, i) => i * 2654435761);
    const expected = data.slice();
    device.write(buffer, 0, data);
    data.fill(7);
    for (let i = 0; i < 3000; i++) device.write(buffer, 4 * (i % 10), Uint32Array.of(i));
    for (let i = 0; i < 10; i++) expected[i] = 2990 + i;
    expect(await read(device, buffer)).toEqual([...expected]);
    await device.flush();
  });

  it('that is not there is said at the next flush, and the device goes on', async () => {
    const device = await open();
    (await useSimulator({ wave: 32, seed: 7 })).limitMemory(4096);
    const small = device.createBuffer('small', 1024);
    const large = device.createBuffer('large', 4096);
    device.write(large, 0, Uint32Array.of(1));
    await expect(device.flush()).rejects.toMatchObject({
      code: 'out-of-memory',
      message: expect.stringMatching(/full .*no room for large/),
    });
    device.destroyBuffer(large);
    await device.flush();
    device.write(small, 0, Uint32Array.of(5));
    expect((await read(device, small))[0]).toBe(5);
  });

  it('has no room for a buffer that is larger than all of it', async () => {
    const device = await open();
    expect(() => device.createBuffer('weights', 2 ** 33)).toThrow(expect.objectContaining({ code: 'out-of-memory' }));
  });
});

describe('steps of the HIP device', () => {
  it('run in the order of the calls, several in flight, from graphs and without', async () => {
    const device = await open();
    const { plan, logits, sampled } = await smallPlan(device);
    const results: Promise<Uint8Array>[] = [];
    for (let i = 0; i < 12; i++) {
      device.write(logits, 0, floats(...[0, 1, 2, 3].map((k) => (k === i % 4 ? 9 : k))));
      results.push(device.submit([{ plan, rows: 1 }], { buffer: sampled, sizeBytes: 4 }));
    }
    const tokens = (await Promise.all(results)).flatMap(words);
    expect(tokens).toEqual([0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3]);
    device.release(plan);
    device.releaseStaging();
  });

  it('have a graph for each number of ranges, in which other workgroups run', async () => {
    const device = await open();
    const { plan, logits, sampled } = await smallPlan(device, (ranges) => ranges > 1);
    const tokens: number[] = [];
    const counted: number[] = [];
    const bests = [1, 2, 3, 0, 1, 2];
    for (const [i, ranges] of [2, 2, 1, 1, 1, 3].entries()) {
      device.write(logits, 0, floats(...[0, 1, 2, 3].map((k) => (k === bests[i] ? 9 : k))));
      const before = device.counters().dispatches;
      tokens.push(...words(await device.submit([{ plan, rows: 1, ranges }], { buffer: sampled, sizeBytes: 4 })));
      counted.push(device.counters().dispatches - before);
    }
    expect(tokens).toEqual([1, 2, 2, 2, 2, 2]);
    expect(counted).toEqual([1, 1, 0, 0, 0, 1]);
  });

  it('bring the beginnings of several buffers at once, and are counted as WebGPU counts them', async () => {
    const device = await open();
    const { plan, logits, sampled } = await smallPlan(device);
    device.write(logits, 0, floats(1, -2, 7, 3));
    await device.submit([{ plan, rows: 1 }], { buffer: sampled, sizeBytes: 4 });
    const before = device.counters();
    const first = { buffer: logits, sizeBytes: 8 };
    const bytes = await device.submit([{ plan, rows: 1 }], first, { buffer: sampled, sizeBytes: 4 });
    expect(words(bytes)).toEqual([...floats(1, -2), 2]);
    expect(countersSince(device.counters(), before)).toEqual({
      dispatches: 1,
      submits: 1,
      passes: 1,
      bindGroupsCreated: 0,
      bufferWrites: 0,
      bytesWritten: 0,
      readbacks: 1,
      readbackBytes: 12,
      buffersCreated: 0,
      pipelinesCreated: 0,
      weightBytesRead: 0,
    });
  });

  it.each(['hipStreamBeginCapture', 'hipStreamEndCapture', 'hipGraphInstantiate'])(
    'go on without graphs where %s fails',
    async (call) => {
      const device = await open();
      const { plan, logits, sampled } = await smallPlan(device);
      const { plant } = await useSimulator({ wave: 32, seed: 7 });
      plant(call);
      device.write(logits, 0, floats(1, -2, 7, 3));
      for (let i = 0; i < 4; i++) {
        const result = await device.submit([{ plan, rows: 1 }], { buffer: sampled, sizeBytes: 4 });
        expect(words(result)).toEqual([2]);
      }
    },
  );

  it('of a shader without a kernel are refused by name', async () => {
    const device = await open();
    const x = device.createBuffer('x', 64);
    const dispatch = { ...rmsnorm({ x, weight: x, y: x, hidden: 4, epsilon: 0 }), shader: 'none' };
    await expect(device.prepare({ label: 'none', stepInput: x, dispatches: [dispatch] })).rejects.toMatchObject({
      code: 'unsupported-quantisation',
      message: expect.stringContaining('none'),
    });
  });
});

/** The device over a library whose calls are noted. */
async function openNoted(profile: boolean): Promise<{ device: Device; calls: string[] }> {
  const { path } = await useSimulator({ wave: 32, seed: 7 });
  const library = await openHipLibrary({ FORGELIGHT_HIP_LIBRARY: path }, 'linux');
  const calls: string[] = [];
  const noted: OpenLibrary = {
    ...library,
    func(name, result, args) {
      const call = library.func(name, result, args);
      return (
        call &&
        ((...given) => {
          calls.push(name === 'hipEventCreateWithFlags' ? `${name} ${String(given[1])}` : name);
          return call(...given);
        })
      );
    },
  };
  const api = new HipApi(noted);
  const gpu = defined(listGpus(api)[0], 'a simulated GPU');
  const device = new HipDevice(api, gpu, { objects: simulatorObjects(), target: 'sim', profile });
  opened.push(device);
  return { device, calls };
}

describe('the kernel times of the HIP device', () => {
  /** Three steps at once and one behind them, of a plan of one kernel. */
  async function runFour(device: Device): Promise<void> {
    const { plan, sampled } = await smallPlan(device);
    const step = () => device.submit([{ plan, rows: 1 }], { buffer: sampled, sizeBytes: 4 });
    await Promise.all([step(), step(), step()]);
    await step();
  }

  it('are measured where it was opened for that: two events a launch, which are used again, and no graphs', async () => {
    const { device, calls } = await openNoted(true);
    await runFour(device);
    const [time, ...others] = device.kernelTimes();
    expect([time, others]).toEqual([{ kernel: 'argmax', dispatches: 4, gpuMs: expect.any(Number) }, []]);
    expect(time?.gpuMs).toBeGreaterThan(0);
    expect(time?.gpuMs).toBeLessThan(1000);
    const timed = 'hipEventCreateWithFlags 0';
    expect(calls.filter((call) => call === timed)).toHaveLength(6);
    expect(calls.filter((call) => call === 'hipEventElapsedTime')).toHaveLength(4);
    expect(calls.filter((call) => call.includes('Graph'))).toEqual([]);
    device.close();
    const made = calls.filter((call) => call.startsWith('hipEventCreateWithFlags'));
    expect(calls.filter((call) => call === 'hipEventDestroy')).toHaveLength(made.length);
  });

  it('are none otherwise, and cost nothing', async () => {
    const { device, calls } = await openNoted(false);
    await runFour(device);
    expect(device.kernelTimes()).toEqual([]);
    expect(calls).not.toContain('hipEventCreateWithFlags 0');
    expect(calls).not.toContain('hipEventElapsedTime');
    expect(calls).toContain('hipGraphLaunch');
  });

  it('that cannot be read lose the device', async () => {
    const { device } = await openNoted(true);
    (await useSimulator({ wave: 32, seed: 7 })).plant('hipEventElapsedTime');
    await expect(runFour(device)).rejects.toMatchObject({
      code: 'device-lost',
      message: expect.stringContaining('hipEventElapsedTime'),
    });
    expect(await device.lost).toMatchObject({ reason: 'unknown' });
  });
});

describe('the graphs of the HIP device', () => {
  const count = (calls: readonly string[], name: string): number => calls.filter((call) => call === name).length;

  it('are kept for the steps that came last, and end with their plan', async () => {
    const { device, calls } = await openNoted(false);
    const { plan, sampled } = await smallPlan(device);
    const readback = { buffer: sampled, sizeBytes: 4 };
    for (let ranges = 1; ranges <= 60; ranges++) {
      for (let i = 0; i < 2; i++) await device.submit([{ plan, rows: 1, ranges }], readback);
    }
    expect(count(calls, 'hipGraphInstantiate')).toBe(60);
    expect(count(calls, 'hipGraphExecDestroy')).toBe(60 - 48);
    device.release(plan);
    await device.submit([], readback);
    expect(count(calls, 'hipGraphExecDestroy')).toBe(60);
  });
});

describe('a HIP device that fails', () => {
  it.each(['hipEventQuery', 'hipModuleLaunchKernel', 'hipMemcpyAsync', 'hipEventRecord'])(
    'in %s is lost, with what waits for it',
    async (call) => {
      const device = await open();
      const { plan, sampled } = await smallPlan(device);
      const { plant } = await useSimulator({ wave: 32, seed: 7 });
      plant(call);
      const step = device.submit([{ plan, rows: 1 }], { buffer: sampled, sizeBytes: 4 });
      await expect(step).rejects.toMatchObject({ code: 'device-lost', message: expect.stringContaining(call) });
      expect(await device.lost).toMatchObject({ reason: 'unknown', message: expect.stringContaining(call) });
      const later = device.submit([], { buffer: sampled, sizeBytes: 4 });
      await expect(later).rejects.toMatchObject({ code: 'device-lost' });
      await expect(device.flush()).rejects.toMatchObject({ code: 'device-lost' });
      device.write(sampled, 0, Uint32Array.of(1));
      device.destroyBuffer(sampled);
      device.close();
    },
  );

  it('says where a kernel left its memory', async () => {
    const device = await open();
    const [x, y] = [device.createBuffer('x', 64), device.createBuffer('y', 32)];
    const dispatches = [rmsnorm({ x, weight: x, y, hidden: 16, epsilon: 1 })];
    const plan = await device.prepare({ label: 'too far', stepInput: x, dispatches });
    const step = device.submit([{ plan, rows: 1 }], { buffer: x, sizeBytes: 4 });
    await expect(step).rejects.toThrow(
      /not its own, \d+ bytes behind y, an allocation of 32 bytes, its argument 4: rmsnorm, workgroup/,
    );
  });

  it('ends by close, once, and is not lost', async () => {
    const device = await open();
    const { sampled } = await smallPlan(device);
    const step = device.submit([], { buffer: sampled, sizeBytes: 4 });
    device.close();
    device.close();
    await expect(step).rejects.toMatchObject({ code: 'device-lost' });
    expect(await device.lost).toMatchObject({ reason: 'destroyed' });
    expect(device.allocatedBytes()).toBe(0);
  });
});

describe('opening HIP', () => {
  it('says what it is', async () => {
    const device = await open();
    expect(device).toMatchObject({
      kind: 'hip',
      name: 'Simulated GPU 0, wave 32 (gfx0)',
      features: ['hip', 'gfx0', 'wave32', 'driver60000000'],
      limits: { subgroups: true, packedDot: true, shaderF16: false },
    });
  });

  it('takes the card before what is part of a processor, unless the user has chosen', async () => {
    const { path, setDevices } = await useSimulator({ wave: 32, seed: 7 });
    setDevices(3, true);
    expect((await openAgain(path)).name).toContain('GPU 2');
    expect((await openAgain(path, { HIP_VISIBLE_DEVICES: '1,2' })).name).toContain('GPU 0');
  });

  it('where there is no GPU says what to do', async () => {
    const { path, setDevices } = await useSimulator({ wave: 32, seed: 7 });
    setDevices(0, false);
    await expect(openAgain(path)).rejects.toMatchObject({
      code: 'no-adapter',
      message: expect.stringContaining('render'),
    });
  });

  it('of a GPU without kernels says which there are', async () => {
    const { path } = await useSimulator({ wave: 32, seed: 7 });
    const objects = { ...simulatorObjects(), targets: ['gfx1100'] };
    const opening = openHipDevice({ env: { FORGELIGHT_HIP_LIBRARY: path }, platform: 'linux', objects });
    await expect(opening).rejects.toMatchObject({
      code: 'missing-feature',
      message: expect.stringMatching(/no kernels for Simulated GPU 0.*gfx0.*gfx1100/),
    });
  });

  it.each(['hipInit', 'hipSetDevice', 'hipStreamCreateWithFlags'])('where %s fails says so', async (call) => {
    const { path, plant } = await useSimulator({ wave: 32, seed: 7 });
    plant(call);
    await expect(openAgain(path)).rejects.toMatchObject({
      code: 'device-lost',
      message: expect.stringContaining(call),
    });
  });

  it('says what is no HIP runtime, or none at all', async () => {
    const opening = (library: string): Promise<Device> => openAgain(library);
    await expect(opening('libm.so.6')).rejects.toMatchObject({
      code: 'no-adapter',
      message: expect.stringContaining('hipInit'),
    });
    await expect(opening('/nowhere/lib.so')).rejects.toMatchObject({ code: 'no-adapter' });
  });
});
