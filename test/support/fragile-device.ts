import { ForgelightError } from '../../src/base/errors';
import type { Device, DeviceLoss } from '../../src/device/device';
import { createReferenceDevice } from '../../src/device/reference/reference-device';
import { withOverrides } from './load-zoo';

export interface FragileDevice {
  readonly device: Device;
  readonly base: Device;
  readonly lose: () => void;
}

/** A device that its test can take away: what it works on rejects, as on WebGPU. */
export function fragile(name?: string): FragileDevice {
  const base = createReferenceDevice();
  let report: (loss: DeviceLoss) => void = () => undefined;
  let isLost = false;
  const lost = new Promise<DeviceLoss>((resolve) => (report = resolve));
  const gone = new ForgelightError('device-lost', 'the driver fell over');
  const device = withOverrides(base, {
    lost,
    submit: (steps, ...readbacks) => (isLost ? Promise.reject(gone) : base.submit(steps, ...readbacks)),
  });
  if (name !== undefined) Object.defineProperty(device, 'name', { value: name });
  const lose = (): void => {
    isLost = true;
    report({ reason: 'unknown', message: 'the driver fell over' });
  };
  return { device, base, lose };
}

/** A device that falls over whenever it works on so many rows at once. */
export function fallingAt(rows: number): FragileDevice {
  const made = fragile();
  const submit: Device['submit'] = (steps, ...readbacks) => made.device.submit(steps, ...readbacks);
  let before: Promise<unknown> = Promise.resolve();
  const device = withOverrides(made.device, {
    submit: (steps, ...readbacks) => {
      const run = async (): Promise<Uint8Array> => {
        await before; // it works on one step after the other, and falls over some time later
        await new Promise((resolve) => setImmediate(resolve));
        made.lose();
        return await submit(steps, ...readbacks);
      };
      const running = steps[0]?.rows === rows ? run() : submit(steps, ...readbacks);
      before = running.catch(() => undefined);
      return running;
    },
  });
  return { ...made, device };
}
