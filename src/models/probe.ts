import { defined } from '../base/assert';
import type { Clock } from '../base/clock';
import { MIB } from '../base/units';
import type { Device, DeviceBuffer, PreparedPlan } from '../device/device';
import type { Dispatch } from '../device/plan';
import type { LinearArgs } from '../kernels/linear';
import { matvec, type MatvecVariant, type RoundedVariant } from '../kernels/matvec';
import { encodeStepInput } from '../kernels/step-input';
import { matrixPlanes } from '../kernels/weight-matrix';
import type { QuantFormat } from '../quant/format';

/** Small enough for a slow adapter. */
const SMALL: Shape = { rows: 2048, columns: 512 };
/** Done with the small matrix in less, an adapter had it in its caches: what it reads from memory each time is this large, and as wide as models are. */
const QUICK_MS = 1;
const LARGE = { sizeBytes: 32 * MIB, columns: 2048 };
/** What rows come in. */
const WHOLE_ROWS = 64;
/** A variant is timed over about this long, so that a fast adapter's latency does not decide. */
const TIMED_MS = 10;
const MAX_REPEATS = 1024;
const ROUNDS = 3;
/** A slow adapter has had enough after this: what takes long is seldom a matter of luck. */
const CONTEST_MS = 500;
/** So many times slower than the best is no matter of luck. */
const HOPELESS = 4;

/** Shapes of matvec. */
export interface Contestants {
  readonly matvecs: readonly MatvecVariant[];
  readonly roundings?: readonly RoundedVariant[];
}

/**
 * The fastest of some shapes of matvec on this adapter, on weights of `format`; `rounding`: the fastest shape of matvec, where it is
 * one of those that round.
 */
export async function fastestVariants(
  device: Device,
  format: QuantFormat,
  { matvecs, roundings = [] }: Contestants,
  clock: Clock,
): Promise<{ readonly matvec: MatvecVariant; readonly rounding: RoundedVariant | null }> {
  const bench = new Bench(device, format, clock);
  try {
    const shapes = [...matvecs, ...roundings];
    const order = await bench.race(shapes, (args, variant) => matvec({ ...args, variant }));
    return {
      matvec: defined(
        order.map((variant) => matvecs.find((exact) => exact === variant)).find((exact) => exact !== undefined),
        'a matvec',
      ),
      rounding: roundings.find((variant) => variant === order[0]) ?? null,
    };
  } finally {
    bench.free();
  }
}

type DispatchOf<V> = (matrix: LinearArgs, variant: V) => Dispatch;

interface Shape {
  readonly rows: number;
  readonly columns: number;
}

/** Of that many bytes, in whole tiles of rows. */
function largeShape({ blockBytes, blockElements }: QuantFormat): Shape {
  const { sizeBytes, columns } = LARGE;
  const rows = sizeBytes / ((columns / blockElements) * blockBytes);
  return { rows: Math.floor(rows / WHOLE_ROWS) * WHOLE_ROWS, columns };
}

/** A matrix of zeros, and what a kernel needs beside it. What it made is on the device until `free`. */
class Bench {
  private readonly buffers: DeviceBuffer[] = [];
  private readonly runners: Contestant[] = [];
  private readonly step: DeviceBuffer;

  constructor(
    private readonly device: Device,
    private readonly format: QuantFormat,
    private readonly clock: Clock,
  ) {
    const input = encodeStepInput([{ token: 0, position: 0, slot: 0, blocks: [] }], [], []);
    this.step = this.buffer('step', input.byteLength);
    device.write(this.step, 0, input);
  }

  free(): void {
    for (const runner of this.runners) runner.release();
    for (const buffer of this.buffers) this.device.destroyBuffer(buffer);
  }

  /** The fastest first: they read, of a quick adapter more than its caches hold. */
  async race<V>(variants: readonly V[], dispatchOf: DispatchOf<V>): Promise<readonly V[]> {
    const field = this.field(variants, dispatchOf, this.matrix(SMALL));
    const [first] = field;
    if (first === undefined || variants.length === 1) return variants;
    await first.runner.warmUp();
    if (first.runner.bestMs >= QUICK_MS) return await this.byTime(field);
    return await this.byTime(this.field(variants, dispatchOf, this.matrix(largeShape(this.format))));
  }

  private field<V>(variants: readonly V[], dispatchOf: DispatchOf<V>, matrix: LinearArgs): Field<V> {
    const { device, clock, step } = this;
    return variants.map((variant) => {
      const measured = { step, dispatch: dispatchOf(matrix, variant), y: matrix.y };
      const runner = new Contestant(device, clock, measured);
      this.runners.push(runner);
      return { variant, runner };
    });
  }

  /**
   * By the best of a few rounds in which each runs once: what else the machine does meanwhile then meets all of them. Who is far behind is let off
   * the later rounds.
   */
  private async byTime<V>(field: Field<V>): Promise<readonly V[]> {
    if (field.length === 1) return field.map(({ variant }) => variant);
    for (const { runner } of field) await runner.warmUp();
    const start = this.clock.now();
    for (let round = 0; round < ROUNDS && this.clock.now() - start < CONTEST_MS; round++) {
      const best = Math.min(...field.map(({ runner }) => runner.bestMs));
      for (const { runner } of field) if (runner.bestMs <= best * HOPELESS) await runner.run();
    }
    return [...field].sort((a, b) => a.runner.bestMs - b.runner.bestMs).map(({ variant }) => variant);
  }

  private matrix({ rows, columns }: Shape): LinearArgs {
    const { format } = this;
    const weights = this.buffer('weights', matrixPlanes({ format, rows, columns }).totalBytes);
    return {
      weights: { buffer: weights, format, rows, columns },
      x: this.buffer('x', columns * 4),
      y: this.buffer('y', rows * 4),
      yStride: rows,
      epilogue: 'store',
    };
  }

  private buffer(name: string, sizeBytes: number): DeviceBuffer {
    const buffer = this.device.createBuffer(`probe.${name}`, sizeBytes);
    this.buffers.push(buffer);
    return buffer;
  }
}

interface Measured {
  readonly step: DeviceBuffer;
  readonly dispatch: Dispatch;
  readonly y: DeviceBuffer;
}

type Field<V> = readonly { readonly variant: V; readonly runner: Contestant }[];

/** One dispatch and the best time of it so far. */
class Contestant {
  bestMs = Infinity;
  private plan: PreparedPlan | null = null;
  private repeats = 1;

  constructor(
    private readonly device: Device,
    private readonly clock: Clock,
    private readonly measured: Measured,
  ) {}

  /** A first run lets pipelines warm up; the others tell how often to repeat, until the latency of a submission is a small part of one. */
  async warmUp(): Promise<void> {
    if (this.plan !== null) return;
    const { step, dispatch } = this.measured;
    this.plan = await this.device.prepare({ label: 'probe', stepInput: step, dispatches: [dispatch] });
    await this.run();
    for (;;) {
      this.bestMs = Infinity;
      await this.run();
      const wanted = Math.min(MAX_REPEATS, Math.floor(TIMED_MS / Math.max(this.bestMs, 1e-3)));
      if (wanted < 2 * this.repeats) return;
      this.repeats = wanted;
    }
  }

  async run(): Promise<void> {
    const { plan, repeats, clock } = this;
    if (plan === null) return;
    const { y } = this.measured;
    const steps = Array.from({ length: repeats }, () => ({ plan, rows: 1 }));
    const start = clock.now();
    await this.device.submit(steps, { buffer: y, sizeBytes: 4 });
    this.bestMs = Math.min(this.bestMs, (clock.now() - start) / repeats);
  }

  release(): void {
    if (this.plan !== null) this.device.release(this.plan);
    this.plan = null;
  }
}
