import type { Clock } from '../../src/base/clock';
import { ForgelightError } from '../../src/base/errors';
import { divideUp, MIB } from '../../src/base/units';
import type { Device, DeviceBuffer } from '../../src/device/device';
import { addBias } from '../../src/kernels/add-bias';

/** Words of a row: what is added to each stays in the caches. */
const ROW_WORDS = 4096;
const ROW_BYTES = 4 * ROW_WORDS;
const LEAST_BYTES = MIB;
/** Larger than the caches of any GPU. */
const MOST_BYTES = 256 * MIB;
/** What takes so long is not in the caches. */
const LONG_MS = 20;
const ROUNDS = 5;
/** Long beside a submission's own time. */
const ROUND_MS = 50;

/** Bytes a second that a kernel reads and writes: the best of some rounds. Rejects with `out-of-memory` and `device-lost`. */
export async function measureBandwidth(device: Device, clock: Clock): Promise<number> {
  const owned: DeviceBuffer[] = [];
  const empty = (sizeBytes: number): DeviceBuffer => {
    const buffer = device.createBuffer('bandwidth', sizeBytes);
    owned.push(buffer);
    return buffer;
  };
  try {
    const [bias, step] = [empty(ROW_BYTES), empty(256)];
    for (let bytes = LEAST_BYTES; ; bytes *= 4) {
      const x = empty(bytes);
      await device.flush();
      const dispatch = addBias({ x, bias, size: ROW_WORDS, stride: ROW_WORDS, offset: 0 });
      const plan = await device.prepare({ label: 'bandwidth', stepInput: step, dispatches: [dispatch] });
      const run = async (repeats: number): Promise<number> => {
        const steps = Array.from({ length: repeats }, () => ({ plan, rows: bytes / ROW_BYTES }));
        const startMs = clock.now();
        await device.submit(steps, { buffer: bias, sizeBytes: 4 });
        return clock.now() - startMs;
      };
      await run(1); // the kernel's first time
      const onceMs = await run(1);
      if (onceMs < LONG_MS && bytes < MOST_BYTES) {
        device.release(plan);
        device.destroyBuffer(x);
        continue;
      }
      return (2 * bytes) / ((await bestOf(run, onceMs)) / 1000);
    }
  } finally {
    for (const buffer of owned) device.destroyBuffer(buffer);
  }
}

/** Milliseconds of one. */
async function bestOf(run: (repeats: number) => Promise<number>, onceMs: number): Promise<number> {
  const repeats = Math.max(1, divideUp(ROUND_MS, Math.max(onceMs, 1)));
  let bestMs = Infinity;
  for (let round = 0; round < ROUNDS; round++) bestMs = Math.min(bestMs, (await run(repeats)) / repeats);
  if (bestMs > 0) return bestMs;
  throw new ForgelightError('device-lost', 'The kernels took no time: nothing was measured. Measure again.');
}
