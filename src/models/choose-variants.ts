import type { Clock } from '../base/clock';
import { ForgelightError } from '../base/errors';
import type { Device } from '../device/device';
import { chunkWidthsOf, type ChunkWidth } from '../kernels/matmul';
import {
  BATCH_WIDTHS,
  BYTE_VARIANTS,
  HALF_VARIANTS,
  isHalfVariant,
  MATVEC_VARIANTS,
  usefulWidths,
  type BatchWidth,
  type MatvecVariant,
  type RoundedVariant,
} from '../kernels/matvec';
import type { QuantFormat } from '../quant/format';
import { fastestVariants } from './probe';
import { SelfTest, type Candidates } from './self-test';

/** A shape of matvec that rounds rows, and the block formats that it multiplies with: others are left to the exact one. */
export interface RoundedChoice {
  readonly variant: RoundedVariant;
  readonly formats: readonly string[];
}

/** The shape of each kernel that has several. Chosen once per adapter, build, main block format, largest batch and precision, then kept. */
export interface KernelVariants {
  readonly matvec: MatvecVariant;
  /** With `precision: 'fast'`, where it is the faster; nothing is rounded if not given. */
  readonly rounded?: RoundedChoice | null;
  /** Widths of matvec's batches that give the bits of width 1 on this adapter; all if not given. */
  readonly batch?: readonly BatchWidth[];
  /** Widths of matmul's tiles that give the bits of the narrowest right one on this adapter; all of such a device if not given. */
  readonly chunks?: readonly ChunkWidth[];
}

/** A choice, and what was found out about the adapter on the way. */
export interface ChosenVariants extends KernelVariants {
  readonly rounded: RoundedChoice | null;
  readonly batch: readonly BatchWidth[];
  readonly chunks: readonly ChunkWidth[];
  /** Of what is not used because it computes wrongly there: sentences for the user. */
  readonly notes: readonly string[];
}

const SEPARATOR = '|';
/** Of matvec, what a software adapter tries: the other shapes share work among threads, which was slower there in every run. */
const ON_SOFTWARE: readonly string[] = ['rows', 'int8-rows'];

/** Remembers a choice between visits. Owned by the host; losing it costs a new self-test and probe. */
export interface VariantCache {
  /** What was set, by this version or another one; `null`: nothing. */
  get(key: string): Promise<unknown>;
  set(key: string, variants: ChosenVariants): Promise<void>;
}

export interface VariantOptions {
  readonly clock: Clock;
  readonly cache: VariantCache;
  /** Shapes to take as they are, neither tested nor measured, in any width: `{ matvec: 'rows' }`. */
  readonly forced: Readonly<Record<string, string>>;
  /** Rows of the widest batch that the model will run. */
  readonly maxRows: number;
  /** With `precision: 'fast'`, the model's block formats; `null`: nothing may be rounded. */
  readonly fastFormats: readonly QuantFormat[] | null;
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
  const worthTrying = <V extends string>(shapes: readonly V[]): readonly V[] =>
    device.isSoftware === true ? shapes.filter((shape) => ON_SOFTWARE.includes(shape)) : shapes;
  const { fastFormats } = options;
  const roundedFormats = (fastFormats ?? []).filter(({ inBytes }) => inBytes && device.limits.packedDot);
  const halves = device.limits.shaderF16 ? HALF_VARIANTS : [];
  refuseUnknownKernels(options.forced);
  const matvec = forced('matvec', matvecs, options.forced);
  const shapes = roundedFormats.length === 0 ? { int8: [], f16: [] } : { int8: BYTE_VARIANTS, f16: halves };
  const variant = forced('f16', shapes.f16, options.forced) ?? forced('int8', shapes.int8, options.forced);
  const rounded = variant === null ? null : { variant, formats: roundedFormats.map(({ type }) => type) };
  const chunks = chunkWidthsOf(device);
  if (device.kind === 'reference' || matvec !== null) {
    return { matvec: matvec ?? 'rows', rounded, batch: BATCH_WIDTHS, chunks, notes: [] };
  }
  const widths = usefulWidths(BATCH_WIDTHS, options.maxRows);
  const precision =
    fastFormats === null ? 'exact' : ['fast', ...roundedFormats.map(({ type }) => type).sort()].join(' ');
  const key = `${adapterKey(device)}${[format.type, `up to ${widths.at(-1)} rows`, precision].join(SEPARATOR)}`;
  const known = await options.cache.get(key);
  const candidates = {
    matvecs: worthTrying(matvecs),
    chunks,
    widths,
    roundings: worthTrying<RoundedVariant>([...shapes.int8, ...shapes.f16]),
    roundedFormats,
  };
  const chosen = isChoice(known) ? known : await testAndMeasure(device, format, candidates, options.clock);
  if (chosen !== known) await options.cache.set(key, chosen);
  if (rounded !== null) return { ...chosen, rounded, batch: BATCH_WIDTHS };
  return fastFormats === null ? chosen : { ...chosen, notes: [...chosen.notes, precisionNote(chosen.rounded)] };
}

/** What all keys of an adapter begin with, under one build of the shaders. */
function adapterKey({ name, features, build }: Pick<Device, 'name' | 'features' | 'build'>): string {
  return [name, ...features, build, ''].join(SEPARATOR);
}

/** A choice that was kept, with what its key says. */
export interface KeptChoice {
  readonly format: string;
  readonly rows: string;
  readonly precision: string;
  readonly chosen: ChosenVariants;
}

/** Of all that a cache holds, what was found out about this adapter with this build. */
export function keptChoices(
  entries: Iterable<readonly [key: string, entry: unknown]>,
  device: Pick<Device, 'name' | 'features' | 'build'>,
): readonly KeptChoice[] {
  const start = adapterKey(device);
  return [...entries].flatMap(([key, chosen]) => {
    const [format, rows, precision, ...more] = key.startsWith(start) ? key.slice(start.length).split(SEPARATOR) : [];
    if (format === undefined || rows === undefined || precision === undefined || more.length > 0) return [];
    return isChoice(chosen) ? [{ format, rows, precision, chosen }] : [];
  });
}

/** A choice as `debug.variants` names it. */
export function variantNames({ matvec, rounded = null }: KernelVariants): Readonly<Record<string, string>> {
  if (rounded === null) return { matvec };
  return { matvec, [isHalfVariant(rounded.variant) ? 'f16' : 'int8']: rounded.variant };
}

/** What was kept before there was a self-test has no notes: nobody knows whether it is right. */
function isChoice(entry: unknown): entry is ChosenVariants {
  return typeof entry === 'object' && entry !== null && 'chunks' in entry && 'notes' in entry && 'rounded' in entry;
}

async function testAndMeasure(
  device: Device,
  format: QuantFormat,
  candidates: Candidates & {
    readonly widths: readonly BatchWidth[];
    /** Shapes that round, and the formats that they can multiply with. */
    readonly roundings: readonly RoundedVariant[];
    readonly roundedFormats: readonly QuantFormat[];
  },
  clock: Clock,
): Promise<ChosenVariants> {
  const test = new SelfTest(device, format);
  try {
    const { matvecs, chunks } = await test.right(candidates);
    if (!matvecs.includes('rows') || chunks.length === 0) throw computesWrongly(device);
    const rightOn = await rightRoundings(device, candidates.roundings, candidates.roundedFormats);
    const racing = candidates.roundings.filter((variant) => rightOn.get(variant)?.includes(format.type) === true);
    const fastest = await fastestVariants(device, format, { matvecs, roundings: racing }, clock);
    const exactWidths = await test.equalWidths(fastest.matvec, candidates.widths);
    const batch = fastest.rounding === null ? exactWidths : await test.equalWidths(fastest.rounding, exactWidths);
    const notes = [
      ...without(candidates.matvecs, matvecs).map((variant) => wrongVariant(`matvec_${variant}`)),
      ...without(candidates.widths, batch).map(unequalWidth),
      ...without(candidates.chunks, chunks).map(unequalChunk),
    ];
    const rounded = fastest.rounding && { variant: fastest.rounding, formats: rightOn.get(fastest.rounding) ?? [] };
    return { matvec: fastest.matvec, rounded, batch, chunks, notes };
  } finally {
    test.free();
  }
}

/** Of each shape that rounds, the formats on which its sums are those of the CPU. */
async function rightRoundings(
  device: Device,
  variants: readonly RoundedVariant[],
  formats: readonly QuantFormat[],
): Promise<ReadonlyMap<RoundedVariant, readonly string[]>> {
  const right = new Map<RoundedVariant, string[]>(variants.map((variant) => [variant, []]));
  for (const format of formats) {
    const test = new SelfTest(device, format);
    try {
      for (const variant of await test.rightRoundings(variants)) right.get(variant)?.push(format.type);
    } finally {
      test.free();
    }
  }
  return right;
}

function precisionNote(rounded: RoundedChoice | null): string {
  if (rounded === null)
    return 'precision "fast" changes nothing here: on this adapter, or for this file, exact kernels are the fastest correct ones.';
  const form = isHalfVariant(rounded.variant) ? 'to half precision' : 'to 8 bits';
  return `precision "fast": activations are rounded ${form} where they meet weights in ${rounded.formats.join(', ')}, so answers differ a little from exact ones.`;
}

function without<T>(all: readonly T[], some: readonly T[]): T[] {
  return all.filter((each) => !some.includes(each));
}

function wrongVariant(kernel: string): string {
  return `This adapter computes wrongly with the kernel ${kernel}, so a plainer one is used, which may be slower. A newer graphics driver may help.`;
}

function unequalWidth(width: BatchWidth): string {
  return `This adapter gives other results for ${width} rows at once than for one row, so that width is not used; several answers together may be slower.`;
}

function unequalChunk(width: ChunkWidth): string {
  return `This adapter computes prompts wrongly with ${width} tokens at once, or gives other results than with fewer, so that width is not used; prompts may be slower.`;
}

/** Nothing is left to fall back to. */
function computesWrongly({ name }: Device): ForgelightError {
  return new ForgelightError(
    'missing-feature',
    `The graphics adapter (${name}) computes wrongly, with the plainest kernels too: every answer would be wrong. Update the graphics driver and the browser, or use another graphics card.`,
  );
}

function refuseUnknownKernels(choice: Readonly<Record<string, string>>): void {
  const stranger = Object.keys(choice).find((kernel) => !['matvec', 'int8', 'f16'].includes(kernel));
  if (stranger === undefined) return;
  throw new ForgelightError('invalid-request', `debug.variants.${stranger}: only matvec, int8 and f16 have variants.`, {
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
