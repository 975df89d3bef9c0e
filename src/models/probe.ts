import { defined } from '../base/assert';
import type { Clock } from '../base/clock';
import type { Device, DeviceBuffer, PreparedPlan } from '../device/device';
import type { Dispatch } from '../device/plan';
import type { LinearArgs } from '../kernels/linear';
import { matmul, type MatmulVariant } from '../kernels/matmul';
import { matvec, type MatvecVariant, type RoundedVariant } from '../kernels/matvec';
import { encodeStepInput } from '../kernels/step-input';
import { matrixPlanes } from '../kernels/weight-matrix';
import type { QuantFormat } from '../quant/format';
import type { Candidates } from './self-test';

/** A matrix large enough to keep an adapter busy, small enough for a software adapter. */
const ROWS = 2048;
const COLUMNS = 512;
const PROMPT_TOKENS = 64;
/** A variant is timed over about this long, so that a fast adapter's latency does not decide. */
const TIMED_MS = 20;
const MAX_REPEATS = 64;
const ROUNDS = 3;
/** A slow adapter has had enough after this: what takes long is seldom a matter of luck. */
const CONTEST_MS = 500;
/** So many times slower than the best is no matter of luck. */
const HOPELESS = 4;

/**
 * The fastest of some shapes of each kernel on this adapter, on weights of `format`; `rounding`: the fastest shape of matvec, where it is
 * one of those that round.
 */
export async function fastestVariants(
  device: Device,
  format: QuantFormat,
  { matvecs, matmuls, roundings = [] }: Candidates & { readonly roundings?: readonly RoundedVariant[] },
  clock: Clock,
): Promise<{
  readonly matvec: MatvecVariant;
  readonly rounding: RoundedVariant | null;
  readonly matmul: MatmulVariant;
}> {
  const planes = matrixPlanes({ format, rows: ROWS, columns: COLUMNS });
  const buffers = {
    weights: device.createBuffer('probe.weights', planes.totalBytes),
    x: device.createBuffer('probe.x', PROMPT_TOKENS * COLUMNS * 4),
    y: device.createBuffer('probe.y', PROMPT_TOKENS * ROWS * 4),
  };
  const rows = Array.from({ length: PROMPT_TOKENS }, () => ({ token: 0, position: 0, slot: 0, blocks: [] }));
  const input = encodeStepInput(rows, [], []);
  const step = device.createBuffer('probe.step', input.byteLength);
  device.write(step, 0, input);
  const weights = { buffer: buffers.weights, format, rows: ROWS, columns: COLUMNS };
  const args: LinearArgs = { weights, x: buffers.x, y: buffers.y, yStride: ROWS, epilogue: 'store' };
  const contest = async <V>(
    variants: readonly V[],
    dispatchOf: (variant: V) => Dispatch,
    count: number,
  ): Promise<readonly V[]> => {
    const runners = variants.map((variant) => ({
      variant,
      runner: new Contestant(device, dispatchOf(variant), count),
    }));
    return await byTime(runners, { step, y: buffers.y, clock });
  };
  try {
    const order = await contest([...matvecs, ...roundings], (variant) => matvec({ ...args, variant }), 1);
    const [tile] = await contest(matmuls, (variant) => matmul({ ...args, variant }), PROMPT_TOKENS);
    return {
      matvec: defined(
        order.map((variant) => matvecs.find((exact) => exact === variant)).find((exact) => exact !== undefined),
        'a matvec',
      ),
      rounding: roundings.find((variant) => variant === order[0]) ?? null,
      matmul: defined(tile, 'a matmul'),
    };
  } finally {
    for (const buffer of [...Object.values(buffers), step]) device.destroyBuffer(buffer);
  }
}

interface Track {
  readonly step: DeviceBuffer;
  readonly y: DeviceBuffer;
  readonly clock: Clock;
}

/**
 * Several, the fastest first, by the best of a few rounds in which each runs once: what else the machine does meanwhile then
 * meets all of them. Who is far behind is let off the later rounds.
 */
async function byTime<V>(
  field: readonly { readonly variant: V; readonly runner: Contestant }[],
  track: Track,
): Promise<readonly V[]> {
  const { clock } = track;
  if (field.length === 1) return field.map(({ variant }) => variant);
  try {
    for (const { runner } of field) await runner.warmUp(track);
    const start = clock.now();
    for (let round = 0; round < ROUNDS && clock.now() - start < CONTEST_MS; round++) {
      const best = Math.min(...field.map(({ runner }) => runner.bestMs));
      for (const { runner } of field) if (runner.bestMs <= best * HOPELESS) await runner.run(track);
    }
  } finally {
    for (const { runner } of field) runner.release();
  }
  return [...field].sort((a, b) => a.runner.bestMs - b.runner.bestMs).map(({ variant }) => variant);
}

/** One dispatch and the best time of it so far. */
class Contestant {
  bestMs = Infinity;
  private plan: PreparedPlan | null = null;
  private repeats = 1;

  constructor(
    private readonly device: Device,
    private readonly dispatch: Dispatch,
    private readonly rows: number,
  ) {}

  /** A first run lets pipelines warm up, a second tells how often to repeat. */
  async warmUp(track: Track): Promise<void> {
    this.plan = await this.device.prepare({ label: 'probe', stepInput: track.step, dispatches: [this.dispatch] });
    await this.run(track);
    this.bestMs = Infinity;
    await this.run(track);
    this.repeats = Math.max(1, Math.min(MAX_REPEATS, Math.floor(TIMED_MS / Math.max(this.bestMs, 0.1))));
    // Once by itself, the latency of a submission counts too.
    if (this.repeats === 1) return;
    this.bestMs = Infinity;
    await this.run(track);
  }

  async run({ y, clock }: Track): Promise<void> {
    const { plan, rows, repeats } = this;
    if (plan === null) return;
    const steps = Array.from({ length: repeats }, () => ({ plan, rows }));
    const start = clock.now();
    await this.device.submit(steps, { buffer: y, sizeBytes: 4 });
    this.bestMs = Math.min(this.bestMs, (clock.now() - start) / repeats);
  }

  release(): void {
    if (this.plan !== null) this.device.release(this.plan);
    this.plan = null;
  }
}
