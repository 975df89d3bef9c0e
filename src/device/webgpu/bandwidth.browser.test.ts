import { afterEach, expect, it, vi } from 'vitest';
import { systemClock } from '../../base/system-clock';
import { describeAdapter, openGpuDevice } from './adapter';
import { measureBandwidth } from './bandwidth';

afterEach(() => void vi.restoreAllMocks());

it('an adapter is described as its devices name themselves', async () => {
  const described = await describeAdapter(navigator.gpu);
  const { device, name, features } = await openGpuDevice(navigator.gpu, {});
  expect(described).toMatchObject({ name, usedFeatures: features });
  expect(described.limits['maxBufferSize']).toBe(device.limits.maxBufferSize);
  expect(described.features).toEqual(
    expect.arrayContaining([...device.features].filter((f) => f !== 'core-features-and-limits')),
  );
  device.destroy();
});

it('a copy is measured in bytes that a machine can move', async () => {
  const bytesPerSecond = await measureBandwidth(navigator.gpu, systemClock);
  expect(bytesPerSecond).toBeGreaterThan(1e7);
  expect(bytesPerSecond).toBeLessThan(1e14);
});

it('counts what is read and what is written, over the time of one copy', async () => {
  // By this clock whatever is awaited takes 10 ms, so that a round is 5 copies.
  let nowMs = 0;
  const even = { ...systemClock, now: () => (nowMs += 10) };
  expect(await measureBandwidth(navigator.gpu, even)).toBe((2 * 128 * 2 ** 20) / 0.002);
});

it('says so where its buffers cannot be made', async () => {
  const createBuffer = Reflect.get(GPUDevice.prototype, 'createBuffer') as GPUDevice['createBuffer'];
  vi.spyOn(GPUDevice.prototype, 'createBuffer').mockImplementation(function (this: GPUDevice, descriptor) {
    return createBuffer.call(this, { ...descriptor, size: this.limits.maxBufferSize + 4 });
  });
  await expect(measureBandwidth(navigator.gpu, systemClock)).rejects.toMatchObject({ code: 'out-of-memory' });
});

it('says so where the device is lost meanwhile', async () => {
  const submit = Reflect.get(GPUQueue.prototype, 'submit') as GPUQueue['submit'];
  let submits = 0;
  const requestDevice = Reflect.get(GPUAdapter.prototype, 'requestDevice') as GPUAdapter['requestDevice'];
  let device: GPUDevice | null = null;
  vi.spyOn(GPUAdapter.prototype, 'requestDevice').mockImplementation(async function (this: GPUAdapter, descriptor) {
    return (device = await requestDevice.call(this, descriptor));
  });
  vi.spyOn(GPUQueue.prototype, 'submit').mockImplementation(function (this: GPUQueue, buffers) {
    submit.call(this, buffers);
    submits += 1;
    if (submits === 3) device?.destroy();
  });
  await expect(measureBandwidth(navigator.gpu, systemClock)).rejects.toMatchObject({ code: 'device-lost' });
});

it('takes copies that took no time for none', async () => {
  // It stops behind the runs that say how many copies a round needs: one, because they took long.
  let nowMs = 0;
  const stops = { ...systemClock, now: () => (nowMs = Math.min(nowMs + 1000, 4000)) };
  await expect(measureBandwidth(navigator.gpu, stops)).rejects.toMatchObject({ code: 'device-lost' });
});
