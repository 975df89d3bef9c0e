import { expect, it } from 'vitest';
import { systemClock } from '../../base/system-clock';
import { describeAdapter, openGpuDevice } from './adapter';
import { measureBandwidth } from './bandwidth';

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
