import { afterEach, describe, expect, it, vi } from 'vitest';
import { collectGpuErrors } from '../../../test/kernels/gpu-errors';
import { loadZooModel, prefill, type ZooOptions, type ZooReference } from '../../../test/models/zoo-suite';
import { testLoad } from '../../../test/support/load-zoo';
import { countersSince } from '../../base/counters';
import { blockId, tokenId } from '../../base/ids';
import { systemClock } from '../../base/system-clock';
import { argmax } from '../../kernels/candidates';
import { softcap } from '../../kernels/softcap';
import { encodeStepInput } from '../../kernels/step-input';
import type { Runner, StepResult } from '../../engine/runner';
import type { Device, DeviceBuffer, PreparedPlan } from '../device';
import { readAdapterLimits } from './adapter';
import { createWebGpuDevice } from './webgpu-device';

const gpuErrors = collectGpuErrors();
const opened: Device[] = [];

afterEach(async () => {
  for (const device of opened.splice(0)) device.close();
  expect(await gpuErrors()).toEqual([]);
});

async function open(options: Parameters<typeof createWebGpuDevice>[1] = {}): Promise<Device> {
  const device = await createWebGpuDevice(navigator.gpu, options);
  opened.push(device);
  return device;
}

/** A plan of one kernel, which looks for the greatest of four logits: y = (its key, 2). */
async function smallPlan(device: Device): Promise<{ plan: PreparedPlan; y: DeviceBuffer }> {
  const logits = device.createBuffer('logits', 4 * 4);
  const y = device.createBuffer('y', 2 * 4);
  const sampled = device.createBuffer('sampled', 4);
  const input = encodeStepInput([{ token: 0, position: 0, slot: 0, blocks: [] }], [0], []);
  const step = device.createBuffer('step', input.byteLength);
  device.write(step, 0, input);
  device.write(logits, 0, new Uint32Array(Float32Array.of(1, -2, 7, 3).buffer));
  const { dispatches } = argmax({ logits, size: 4, scratch: [y, y], sampled });
  const plan = await device.prepare({ label: 'small', stepInput: step, dispatches });
  return { plan, y };
}

/** Gives the most submissions whose results were awaited together since it was asked last. */
function watchSubmits(device: Device): () => number {
  const submit = device.submit.bind(device);
  let pending = 0;
  let most = 0;
  vi.spyOn(device, 'submit').mockImplementation(async (...args) => {
    pending += 1;
    most = Math.max(most, pending);
    return await submit(...args).finally(() => (pending -= 1));
  });
  return () => {
    const found = most;
    most = 0;
    return found;
  };
}

function words(bytes: Uint8Array): number[] {
  return [...new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4)];
}

const BEST = [0xc0e00000, 2]; // the order key of 7, and where it is
/** Rows come one at a time here: each wider batch would be more pipelines to make. */
const ZOO: ZooOptions = {
  variants: { matvec: 'rows', batch: [1] },
  kvType: 'f32',
  chunkTokens: 16,
};

async function zoo(device: Device): Promise<{ runner: Runner; reference: ZooReference }> {
  const [model, reference] = await Promise.all([fetch('/fixtures/zoo/llama.gguf'), fetch('/fixtures/zoo/llama.json')]);
  const runner = await loadZooModel(device, new Uint8Array(await model.arrayBuffer()), ZOO);
  return { runner, reference: (await reference.json()) as ZooReference };
}

/** The next token, `token` being the last one; `null`: the one that was chosen last. */
function decode(runner: Runner, token: number | null, position: number): Promise<readonly StepResult[]> {
  const rows = [{ token: token === null ? null : tokenId(token), position, slot: 1 }];
  const sequences = [{ slot: 1, blocks: [7, 3, 11, 2, 5, 9, 4, 8].map(blockId), windowBlocks: [] }];
  return runner.submit({ kind: 'decode', rows, sequences, outputs: [{ row: 0, mode: 'argmax' }] });
}

function chosen([result]: readonly StepResult[]): number {
  return result?.mode === 'argmax' ? result.tokenId : -1;
}

describe('limits', () => {
  it('are the adapter’s, not the small defaults', async () => {
    const adapter = await navigator.gpu.requestAdapter();
    const { limits } = await open();
    expect(limits.maxBufferBytes).toBe(adapter?.limits.maxBufferSize);
    expect(limits.maxBindingBytes).toBe(adapter?.limits.maxStorageBufferBindingSize);
    expect(await readAdapterLimits(navigator.gpu, {})).toEqual(limits);
  });

  it.each([
    { maxStorageBufferBindingSize: 2 ** 27, maxBufferSize: 2 ** 28 }, // WebGPU's defaults
    { maxStorageBufferBindingSize: 2 ** 20, maxBufferSize: 2 ** 22 },
    { maxBufferSize: 2 ** 20 },
  ])('may be lowered: %j', async (limits) => {
    const device = await open({ limits });
    expect(await readAdapterLimits(navigator.gpu, { limits })).toEqual(device.limits);
    const most = Math.min(...Object.values(limits));
    expect(Math.min(device.limits.maxBindingBytes, device.limits.maxBufferBytes)).toBe(most);
    expect(device.createBuffer('weights', most - 3).sizeBytes).toBe(most);
    expect(() => device.createBuffer('weights', most + 1)).toThrow(
      expect.objectContaining({
        code: 'out-of-memory',
        message: expect.stringMatching(/^weights needs one buffer of .*; this adapter allows .*smaller model/),
      }),
    );
    await device.flush();
    expect(device.allocatedBytes()).toBe(most);
  });

  it('that a matrix exceeds split it, and the engine answers', async () => {
    const response = await fetch('/fixtures/zoo/llama.gguf');
    const bytes = new Uint8Array(await response.arrayBuffer());
    const answer = async (limits: Record<string, number>): Promise<{ tokens: number[]; dispatches: number }> => {
      const debug = { chunkTokens: 16, variants: { matvec: 'rows' } };
      const options = { contextLength: 64, maxConcurrent: 1, debug };
      const engine = await testLoad(bytes, { device: await open({ limits }), clock: systemClock, options }).run();
      const tokens: number[] = [];
      await new Promise<void>((resolve) => {
        const body = { prompt: [1, 2, 3], max_tokens: 4, temperature: 0 };
        engine.submit(1, { kind: 'completion', body }, (event) => {
          if (event.type === 'token') tokens.push(event.tokenId);
          if (event.type === 'ended') resolve();
        });
      });
      const { dispatches } = engine.stats().lastStep;
      await engine.close();
      return { tokens, dispatches };
    };
    const whole = await answer({});
    const split = await answer({ maxStorageBufferBindingSize: 100_000 });
    expect(split.tokens).toEqual(whole.tokens);
    expect(split.tokens).toHaveLength(4);
    expect(split.dispatches).toBeGreaterThan(whole.dispatches);
  });

  it.each([
    [{ contextLength: 2048, debug: {} }, 'At most 192 tokens fit'],
    [
      { contextLength: 64, debug: { chunkTokens: 64 } },
      'gateUp needs one buffer of 131.1 kB; this adapter allows 100.0 kB',
    ],
  ] as const)('that something else exceeds end the load, and nothing is left: %j', async (options, words) => {
    const response = await fetch('/fixtures/zoo/llama.gguf');
    const device = await open({ limits: { maxStorageBufferBindingSize: 100_000 } });
    const debug = { ...options.debug, variants: { matvec: 'rows' } };
    const bytes = new Uint8Array(await response.arrayBuffer());
    const load = testLoad(bytes, { device, clock: systemClock, options: { ...options, debug } });
    await expect(load.run()).rejects.toMatchObject({ code: 'out-of-memory', message: expect.stringContaining(words) });
    expect(device.allocatedBytes()).toBe(0);
    expect(await device.lost).toMatchObject({ reason: 'destroyed' });
  });

  it('that nobody knows are refused by name', async () => {
    await expect(open({ limits: { maxBufferSise: 1 } })).rejects.toMatchObject({
      code: 'invalid-request',
      param: 'debug.limits.maxBufferSise',
    });
  });
});

describe('a device', () => {
  it('says what is missing where there is no WebGPU', async () => {
    await expect(createWebGpuDevice(undefined)).rejects.toMatchObject({ code: 'no-webgpu' });
    const none = { requestAdapter: async () => null } as unknown as GPU;
    await expect(createWebGpuDevice(none)).rejects.toMatchObject({ code: 'no-adapter' });
    const adapter = { features: new Set(), limits: {}, requestDevice: () => Promise.reject(new Error('too old')) };
    const refusing = { requestAdapter: async () => adapter } as unknown as GPU;
    await expect(createWebGpuDevice(refusing)).rejects.toMatchObject({
      code: 'missing-feature',
      message: expect.stringContaining('too old'),
    });
  });

  it('zeroes what it makes and keeps what is written', async () => {
    const device = await open();
    const buffer = device.createBuffer('words', 14);
    expect(buffer.sizeBytes).toBe(16);
    const zeroes = await device.submit([], { buffer, sizeBytes: 16 });
    device.write(buffer, 4, Uint32Array.of(1, 2));
    const written = await device.submit([], { buffer, sizeBytes: 16 });
    expect(words(zeroes)).toEqual([0, 0, 0, 0]);
    expect(words(written)).toEqual([0, 1, 2, 0]);
    const other = device.createBuffer('other', 8);
    device.write(other, 0, Uint32Array.of(3, 4));
    const before = device.counters();
    const both = await device.submit([], { buffer: other, sizeBytes: 4 }, { buffer, sizeBytes: 12 });
    expect(words(both)).toEqual([3, 0, 1, 2]);
    expect(countersSince(device.counters(), before)).toMatchObject({ submits: 1, readbacks: 1, readbackBytes: 16 });
  });

  it('counts the bytes of what exists, the parameters of its plans among it', async () => {
    const device = await open();
    const { plan, y } = await smallPlan(device);
    const stepBytes = (8 + 5 + 1) * 4;
    expect(device.allocatedBytes()).toBe(16 + 8 + 4 + stepBytes + 256);
    device.release(plan);
    device.destroyBuffer(y);
    device.destroyBuffer(y);
    expect(device.allocatedBytes()).toBe(16 + 4 + stepBytes);
    expect(() => device.write(y, 0, Uint32Array.of(1))).toThrow('y is not destroyed');
  });

  it('counts the weights that dispatches read, for the rows of each step', async () => {
    const device = await open();
    const [x, step] = [device.createBuffer('x', 3 * 16), device.createBuffer('step', 64)];
    const plain = softcap({ x, size: 4, cap: 1 });
    const reading = { ...plain, weightBytesRead: (rows: number) => 100 * rows };
    const idle = { ...reading, grid: () => [0, 1, 1] as const };
    const plan = await device.prepare({ label: 'reads', stepInput: step, dispatches: [plain, reading, idle] });
    const before = device.counters();
    const steps = [1, 3].map((rows) => ({ plan, rows }));
    await device.submit(steps, { buffer: x, sizeBytes: 4 });
    const { dispatches, weightBytesRead } = countersSince(device.counters(), before);
    expect({ dispatches, weightBytesRead }).toEqual({ dispatches: 4, weightBytesRead: 400 });
  });

  it('says with the next flush that the memory is full, and once', async () => {
    const device = await open();
    const full = new GPUOutOfMemoryError('no room');
    vi.spyOn(GPUDevice.prototype, 'popErrorScope').mockResolvedValueOnce(full);
    for (const label of ['kv.0', 'kv.1']) device.createBuffer(label, 1000);
    await expect(device.flush()).rejects.toMatchObject({
      code: 'out-of-memory',
      message: expect.stringMatching(/^The graphics memory is full \(2\.0 kB asked for\): no room\. .*smaller model/),
    });
    await device.flush();
  });

  it('keeps nothing of a plan that cannot be made', async () => {
    const device = await open();
    const [x, step] = [device.createBuffer('x', 16), device.createBuffer('step', 64)];
    const dispatch = { ...softcap({ x, size: 4, cap: 1 }), shader: 'nobody' };
    const before = device.allocatedBytes();
    await expect(device.prepare({ label: 'none', stepInput: step, dispatches: [dispatch] })).rejects.toThrow('nobody');
    expect(device.allocatedBytes()).toBe(before);
  });

  it('runs steps in the order of the calls, several in flight', async () => {
    const device = await open();
    const { plan, y } = await smallPlan(device);
    const before = device.submit([], { buffer: y, sizeBytes: 8 });
    const after = device.submit([{ plan, rows: 1 }], { buffer: y, sizeBytes: 8 });
    device.write(y, 0, Uint32Array.of(5));
    const last = device.submit([], { buffer: y, sizeBytes: 8 });
    expect(words(await before)).toEqual([0, 0]);
    expect(words(await after)).toEqual(BEST);
    expect(words(await last)).toEqual([5, 2]);
  });
});

describe('a closed device', () => {
  it('takes no more work, and leaves nobody waiting', async () => {
    const device = await open();
    const { plan, y } = await smallPlan(device);
    device.close();
    expect(await device.lost).toMatchObject({ reason: 'destroyed' });
    const late = device.submit([{ plan, rows: 1 }], { buffer: y, sizeBytes: 8 });
    await expect(late).rejects.toMatchObject({ code: 'device-lost' });
    device.close();
    expect(device.allocatedBytes()).toBe(0);
  });

  it('ends what is in flight', async () => {
    const device = await open();
    const { plan, y } = await smallPlan(device);
    const steps = Array.from({ length: 50 }, () => ({ plan, rows: 1 }));
    const running = [1, 2].map(() => device.submit(steps, { buffer: y, sizeBytes: 8 }));
    device.close();
    for (const run of running) {
      const outcome = await run.then(words, (error: unknown) => error);
      expect(outcome).toMatchObject(Array.isArray(outcome) ? BEST : { code: 'device-lost' });
    }
  });

  it('does not hang in what a load may ask of it meanwhile', async () => {
    const device = await open();
    device.close();
    await smallPlan(device).then(
      () => undefined,
      (error: unknown) => expect(error).toBeInstanceOf(Error),
    );
    await device.flush().then(
      () => undefined,
      (error: unknown) => expect(error).toBeInstanceOf(Error),
    );
  });
});

describe('an engine', () => {
  it('makes nothing after its warm-up, writes, submits and reads once a step, and decodes ahead', async () => {
    const response = await fetch('/fixtures/zoo/llama.gguf');
    const bytes = new Uint8Array(await response.arrayBuffer());
    const device = await open();
    const options = { maxConcurrent: 1, debug: { variants: { matvec: 'rows' } } };
    const engine = await testLoad(bytes, { device, clock: systemClock, options }).run();
    const modes = [{ temperature: 0 }, { seed: 1 }] as const;
    const takeMostPending = watchSubmits(device);
    for (const [i, mode] of modes.entries()) {
      const before = device.counters();
      await new Promise<void>((resolve) => {
        const request = { kind: 'completion', body: { prompt: [1, 2, 3], max_tokens: 6, ...mode } } as const;
        engine.submit(i + 1, request, (event) => event.type === 'ended' && resolve());
      });
      const cost = countersSince(device.counters(), before);
      // One step for the prompt, which brings the first token, and five that decode.
      expect(cost).toMatchObject({
        submits: 6,
        passes: 6,
        bufferWrites: 6,
        readbacks: 6,
        readbackBytes: 6 * 8,
        bindGroupsCreated: 0,
        buffersCreated: 0,
        pipelinesCreated: 0,
      });
      expect(takeMostPending()).toBe(2);
    }
    const { lastStep } = engine.stats();
    console.log('a decode step of a model of two layers:', JSON.stringify(lastStep));
    expect(lastStep).toMatchObject({ submits: 1, passes: 1, bindGroupsCreated: 0, bufferWrites: 1, buffersCreated: 0 });
    await engine.close();
  });

  it('is the same on two devices at once', async () => {
    const [a, b] = await Promise.all([open(), open()]);
    const models = await Promise.all([zoo(a), zoo(b)]);
    const answers = models.map(async ({ runner, reference }) => {
      const ids = reference.prompts.p40;
      await prefill(runner, ids, 16, [ids.length - 1], 'argmax');
      const tokens: number[] = [];
      for (let i = 0; i < 5; i++) tokens.push(chosen(await decode(runner, null, ids.length + i)));
      return tokens;
    });
    const wanted = models[0]?.reference.exact.greedy24.slice(1, 6);
    expect(await Promise.all(answers)).toEqual([wanted, wanted]);
    a.close();
    const { runner } = models[1] ?? {};
    if (runner === undefined) throw new Error('two models');
    expect(chosen(await decode(runner, null, 45))).toBe(models[1]?.reference.exact.greedy24[6]);
  });
});

describe('the time of kernels', () => {
  it('is measured where asked for, a pass a dispatch, with the same results', async () => {
    const device = await open({ profile: true });
    const { plan, y } = await smallPlan(device);
    const before = device.counters();
    // More passes than one query set has timestamps for.
    const many = 2100;
    const steps = Array.from({ length: many }, () => ({ plan, rows: 1 }));
    expect(words(await device.submit(steps, { buffer: y, sizeBytes: 8 }))).toEqual(BEST);
    const { dispatches, passes, submits } = countersSince(device.counters(), before);
    expect({ passes, submits }).toEqual({ passes: dispatches, submits: 1 });
    const times = device.kernelTimes();
    expect(times.reduce((sum, time) => sum + time.dispatches, 0)).toBe(dispatches);
    expect(dispatches).toBeGreaterThan(2048);
    for (const { kernel, gpuMs } of times) {
      expect(kernel).toMatch(/^argmax/);
      expect(gpuMs).toBeGreaterThan(0);
      expect(gpuMs).toBeLessThan(60_000);
    }
    expect(words(await device.submit([], { buffer: y, sizeBytes: 8 }))).toEqual(BEST);
  });

  it('is none of a kernel that has nothing to do in a step', async () => {
    const device = await open({ profile: true });
    const [x, step] = [device.createBuffer('x', 16), device.createBuffer('step', 64)];
    const plain = softcap({ x, size: 4, cap: 1 });
    const idle = { ...plain, grid: () => [0, 1, 1] as const };
    const plan = await device.prepare({ label: 'idle', stepInput: step, dispatches: [idle, plain, idle] });
    const before = device.counters();
    await device.submit([{ plan, rows: 1 }], { buffer: x, sizeBytes: 4 });
    expect(countersSince(device.counters(), before)).toMatchObject({ dispatches: 1, passes: 1 });
    expect(device.kernelTimes()).toMatchObject([{ dispatches: 1 }]);
  });

  it('is not measured otherwise, and refused by name where it cannot be', async () => {
    const device = await open();
    const { plan, y } = await smallPlan(device);
    await device.submit([{ plan, rows: 1 }], { buffer: y, sizeBytes: 8 });
    expect(device.kernelTimes()).toEqual([]);
    await expect(open({ profile: true, features: [] })).rejects.toMatchObject({
      code: 'missing-feature',
      param: 'debug.profile',
    });
  });
});
