import { expect, it } from 'vitest';
import { defined } from '../../src/base/assert';
import { MIB } from '../../src/base/units';
import { FakeClock } from '../../test/support/fake-clock';
import { RecordingDevice } from '../../test/support/recording-device';
import { measureBandwidth } from './bandwidth';

/** A device whose kernels read and write so many bytes a second, and how much each moved. */
function deviceOf(bytesPerSecond: number) {
  const clock = new FakeClock();
  const moved: number[] = [];
  const device = new RecordingDevice({
    onSubmit: ({ steps }) => {
      for (const { plan } of steps) {
        const { buffer } = defined(plan.dispatches[0]?.buffers[1], 'what is added to');
        moved.push(2 * buffer.sizeBytes);
        clock.advance((2000 * buffer.sizeBytes) / bytesPerSecond);
      }
    },
  });
  return { device, clock, moved };
}

it('the memory of a GPU is measured beyond its caches, and given back', async () => {
  const { device, clock, moved } = deviceOf(900e9);
  expect((await measureBandwidth(device, clock)) / 900e9).toBeCloseTo(1, 6);
  expect(moved.at(-1)).toBe(512 * MIB);
  expect(device.allocatedBytes()).toBe(0);
});

it('what is slow is not asked for more than it does in a moment', async () => {
  const { device, clock, moved } = deviceOf(20e6);
  expect((await measureBandwidth(device, clock)) / 20e6).toBeCloseTo(1, 6);
  expect(Math.max(...moved)).toBe(2 * MIB);
});

it('no time at all is no measurement', async () => {
  const { device, clock } = deviceOf(Infinity);
  await expect(measureBandwidth(device, clock)).rejects.toMatchObject({ code: 'device-lost' });
});
