import type { Clock } from '../base/clock';
import { ForgelightError } from '../base/errors';
import type { Device } from '../device/device';
import { MATMUL_VARIANTS, type MatmulVariant } from '../kernels/matmul';
import { BATCH_WIDTHS, MATVEC_VARIANTS, usefulWidths, type BatchWidth, type MatvecVariant } from '../kernels/matvec';
import type { QuantFormat } from '../quant/format';
import { fastestVariants } from './probe';
import { SelfTest, type Candidates } from './self-test';

/** The shape of each kernel that has several. Chosen once per adapter and build, then kept. */
export interface KernelVariants {
  readonly matvec: MatvecVariant;
  readonly matmul: MatmulVariant;
  /** Widths of matvec's batches that give the bits of width 1 on this adapter; all if not given. */
  readonly batch?: readonly BatchWidth[];
}

/** A choice, and what was found out about the adapter on the way. */
export interface ChosenVariants extends KernelVariants {
  readonly batch: readonly BatchWidth[];
  /** Of what is not used because it computes wrongly there: sentences for the user. */
  readonly notes: readonly string[];
}

/** Remembers a choice between visits. Owned by the host; losing it costs a new self-test and probe. */
export interface VariantCache {
  /** What was set, by this version or another one; `null`: nothing. */
  get(key: string): Promise<unknown>;
  set(key: string, variants: ChosenVariants): Promise<void>;
}

export interface VariantOptions {
  readonly clock: Clock;
  readonly cache: VariantCache;
  /** Variants to take as they are, neither tested nor measured, in any batch width: `{ matvec: 'rows' }`. */
  readonly forced: Readonly<Record<string, string>>;
  /** Rows of the widest batch that the model will run. */
  readonly maxRows: number;
}

/**
 * Picks the fastest variant of each kernel that computes rightly on this adapter, on weights of `format`. Throws
 * `invalid-request` for unknown names, `missing-feature` when even the plainest variant is wrong.
 */
export async function chooseVariants(
  device: Device,
  format: QuantFormat,
  options: VariantOptions,
): Promise<ChosenVariants> {
  const matvecs = MATVEC_VARIANTS.filter((variant) => variant !== 'subgroup' || device.limits.subgroups);
  refuseUnknownKernels(options.forced);
  const matvec = forced('matvec', matvecs, options.forced);
  const matmul = forced('matmul', MATMUL_VARIANTS, options.forced);
  if (device.kind === 'reference' || (matvec !== null && matmul !== null)) {
    return { matvec: matvec ?? 'rows', matmul: matmul ?? 'rows', batch: BATCH_WIDTHS, notes: [] };
  }
  const widths = usefulWidths(BATCH_WIDTHS, options.maxRows);
  const key = [device.name, ...device.features, device.build, format.type, `up to ${widths.at(-1)} rows`].join('|');
  const known = await options.cache.get(key);
  const chosen = isChoice(known)
    ? known
    : await testAndMeasure(device, format, { matvecs, matmuls: MATMUL_VARIANTS, widths }, options.clock);
  if (chosen !== known) await options.cache.set(key, chosen);
  return {
    matvec: matvec ?? chosen.matvec,
    matmul: matmul ?? chosen.matmul,
    batch: matvec === null ? chosen.batch : BATCH_WIDTHS,
    notes: chosen.notes,
  };
}

/** What was kept before there was a self-test has no notes: nobody knows whether it is right. */
function isChoice(entry: unknown): entry is ChosenVariants {
  return typeof entry === 'object' && entry !== null && 'batch' in entry && 'notes' in entry;
}

async function testAndMeasure(
  device: Device,
  format: QuantFormat,
  candidates: Candidates & { readonly widths: readonly BatchWidth[] },
  clock: Clock,
): Promise<ChosenVariants> {
  const test = new SelfTest(device, format);
  try {
    const right = await test.right(candidates);
    if (!right.matvecs.includes('rows') || !right.matmuls.includes('rows')) throw computesWrongly(device);
    const fastest = await fastestVariants(device, format, right, clock);
    const batch = await test.equalWidths(fastest.matvec, candidates.widths);
    const notes = [
      ...without(candidates.matvecs, right.matvecs).map((variant) => wrongVariant(`matvec_${variant}`)),
      ...without(candidates.matmuls, right.matmuls).map((variant) => wrongVariant(`matmul_${variant}`)),
      ...without(candidates.widths, batch).map(unequalWidth),
    ];
    return { ...fastest, batch, notes };
  } finally {
    test.free();
  }
}

function without<T>(all: readonly T[], some: readonly T[]): T[] {
  return all.filter((each) => !some.includes(each));
}

function wrongVariant(kernel: string): string {
  return `This adapter computes wrongly with the kernel ${kernel}, so a plainer one is used, which may be slower. A newer graphics driver may help.`;
}

function unequalWidth(width: BatchWidth): string {
  return `This adapter computes ${width} rows at once otherwise than one alone, so they never run so; several answers together may be slower.`;
}

/** Where other variants do not fit, `rows` runs: nothing is left to fall back to. */
function computesWrongly({ name }: Device): ForgelightError {
  return new ForgelightError(
    'missing-feature',
    `The graphics adapter (${name}) computes wrongly, with the plainest kernels too: every answer would be wrong. Update the graphics driver and the browser, or use another graphics card.`,
  );
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
