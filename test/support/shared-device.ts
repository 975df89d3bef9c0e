import { afterAll } from 'vitest';
import type { Device, DeviceBuffer, PreparedPlan } from '../../src/device/device';
import { withOverrides } from './load-zoo';

/**
 * Opens one device, when it is first asked for, for all models of a test file: each pipeline is made once, which is most of
 * what a small model takes. Whoever closes what it was given frees what it made on it; the device goes when the file's tests end.
 */
export function shareDevice(open: () => Promise<Device>): () => Promise<Device> {
  let opened: Promise<Device> | null = null;
  afterAll(async () => (await opened)?.close());
  return async () => ownPart(await (opened ??= open()));
}

function ownPart(device: Device): Device {
  const buffers: DeviceBuffer[] = [];
  const plans: PreparedPlan[] = [];
  return withOverrides(device, {
    createBuffer(label, sizeBytes) {
      const buffer = device.createBuffer.call(this, label, sizeBytes);
      buffers.push(buffer);
      return buffer;
    },
    async prepare(plan) {
      const prepared = await device.prepare.call(this, plan);
      plans.push(prepared);
      return prepared;
    },
    close() {
      for (const plan of plans) device.release(plan);
      for (const buffer of buffers) device.destroyBuffer(buffer);
    },
  });
}
