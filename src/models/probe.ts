import type { Clock } from '../base/clock';
import { ForgelightError } from '../base/errors';
import type { Device, DeviceBuffer, PreparedPlan } from '../device/device';
import type { Dispatch } from '../device/plan';
import type { LinearArgs } from '../kernels/linear';
import { matmul, MATMUL_VARIANTS, type MatmulVariant } from '../kernels/matmul';
import { matvec, MATVEC_VARIANTS, type BatchWidth, type MatvecVariant } from '../kernels/matvec';
import { encodeStepInput } from '../kernels/step-input';
import { matrixPlanes } from '../kernels/weight-matrix';
import type { QuantFormat } from '../quant/format';

/** The shape of each kernel that has several. Chosen once per adapter and build, then kept. */
export interface KernelVariants {
  readonly matvec: MatvecVariant;
  readonly matmul: MatmulVariant;
  /** Widths of matvec's batches that give the bits of width 1 on this adapter; all if not given. */
  readonly batch?: readonly BatchWidth[];
}

/** Remembers a choice between visits. Owned by the host; losing it costs a new probe. */
export interface VariantCache {
  get(key: string): Promise<KernelVariants | null>;
  set(key: string, variants: KernelVariants): Promise<void>;
}

export interface ProbeOptions {
  readonly clock: Clock;
  readonly cache: VariantCache;
  /** Variants that are not to be measured: `{ matvec: 'rows' }`. */
  readonly forced: Readonly<Record<string, string>>;
}

/** A matrix large enough to keep an adapter busy, small enough for a software adapter. */
const ROWS = 2048;
const COLUMNS = 512;
const PROMPT_TOKENS = 64;
/** A variant is timed over about this long, so that a fast adapter's latency does not decide. */
const TIMED_MS = 20;
const MAX_REPEATS = 64;
const ROUNDS = 3;
/** So many times slower than the best is no matter of luck. */
const HOPELESS = 4;

/** Picks the fastest variant of each kernel for this adapter, on weights of `format`. Throws `invalid-request` for unknown names. */
export async function chooseVariants(
  device: Device,
  format: QuantFormat,
  options: ProbeOptions,
): Promise<KernelVariants> {
  const matvecs = MATVEC_VARIANTS.filter((variant) => variant !== 'subgroup' || device.limits.subgroups);
  refuseUnknownKernels(options.forced);
  const forcedMatvec = forced('matvec', matvecs, options.forced);
  const forcedMatmul = forced('matmul', MATMUL_VARIANTS, options.forced);
  if (forcedMatvec !== null && forcedMatmul !== null) return { matvec: forcedMatvec, matmul: forcedMatmul };
  if (device.kind === 'reference') return { matvec: forcedMatvec ?? 'rows', matmul: forcedMatmul ?? 'rows' };

  const key = [device.name, ...device.features, device.build, format.type].join('|');
  const known = await options.cache.get(key);
  const measured = known ?? (await measureAll(device, format, matvecs, options.clock));
  if (known === null) await options.cache.set(key, measured);
  return { matvec: forcedMatvec ?? measured.matvec, matmul: forcedMatmul ?? measured.matmul };
}

function refuseUnknownKernels(choice: Readonly<Record<string, string>>): void {
  const stranger = Object.keys(choice).find((kernel) => kernel !== 'matvec' && kernel !== 'matmul');
  if (stranger === undefined) return;
  throw new ForgelightError('invalid-request', `debug.variants.${stranger}: only matvec and matmul have variants.`, {
    param: `debug.variants.${stranger}`,
  });
}

function forced<V extends string>(
  kernel: string,
  variants: readonly V[],
  choice: Readonly<Record<string, string>>,
): V | null {
  const name = choice[kernel];
  if (name === undefined) return null;
  const variant = variants.find((known) => known === name);
  if (variant !== undefined) return variant;
  throw new ForgelightError(
    'invalid-request',
    `debug.variants.${kernel}: "${name}" is not one of ${variants.join(', ')} on this device.`,
    { param: `debug.variants.${kernel}` },
  );
}

async function measureAll(
  device: Device,
  format: QuantFormat,
  matvecs: readonly MatvecVariant[],
  clock: Clock,
): Promise<KernelVariants> {
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
  ): Promise<V> => {
    const runners = variants.map((variant) => ({
      variant,
      runner: new Contestant(device, dispatchOf(variant), count),
    }));
    return await fastest(runners, { step, y: buffers.y, clock });
  };
  try {
    return {
      matvec: await contest(matvecs, (variant) => matvec({ ...args, variant }), 1),
      matmul: await contest(MATMUL_VARIANTS, (variant) => matmul({ ...args, variant }), PROMPT_TOKENS),
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
 * The fastest of several, by the best of a few rounds in which each runs once: what else the machine does meanwhile then
 * meets all of them. Who is far behind is let off the later rounds.
 */
async function fastest<V>(
  field: readonly { readonly variant: V; readonly runner: Contestant }[],
  track: Track,
): Promise<V> {
  try {
    for (const { runner } of field) await runner.warmUp(track);
    for (let round = 0; round < ROUNDS; round++) {
      const best = Math.min(...field.map(({ runner }) => runner.bestMs));
      for (const { runner } of field) if (runner.bestMs <= best * HOPELESS) await runner.run(track);
    }
  } finally {
    for (const { runner } of field) runner.release();
  }
  const [first, ...others] = field;
  if (first === undefined) throw new ForgelightError('missing-feature', 'There is no kernel variant for this device.');
  return others.reduce((best, other) => (other.runner.bestMs < best.runner.bestMs ? other : best), first).variant;
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
