import { assert, defined, unreachable } from '../base/assert';
import { divideUp } from '../base/units';
import type { BufferUse, Dispatch } from '../device/plan';
import {
  ACTIVATION_CODES,
  EPILOGUE_CODES,
  linearFields,
  linearRows,
  matvecParams,
  type LinearArgs,
  type RowNorm,
} from './linear';
import { matrixPlanes } from './weight-matrix';

/** `rows`: two weight rows a thread. `lanes`: 8 threads a row. `subgroup`: a workgroup a row, needs subgroups. */
export const MATVEC_VARIANTS = ['rows', 'lanes', 'subgroup'] as const;
export type MatvecVariant = (typeof MATVEC_VARIANTS)[number];

/**
 * Those that round x, of which 32 share a scale, for `precision: 'fast'`: to bytes, or to halves where the device computes with these; a
 * weight row a thread, or 8 threads a row.
 */
export const BYTE_VARIANTS = ['int8-rows', 'int8-lanes'] as const;
export const HALF_VARIANTS = ['f16-rows', 'f16-lanes'] as const;
export const ROUNDED_VARIANTS = [...BYTE_VARIANTS, ...HALF_VARIANTS] as const;
export type RoundedVariant = (typeof ROUNDED_VARIANTS)[number];

/** Whether it rounds to halves. */
export function isHalfVariant(variant: MatvecVariant | RoundedVariant): boolean {
  return HALF_VARIANTS.some((half) => half === variant);
}

/** Rows that may share one reading of the weights. More sums a thread do not stay in registers. */
export const BATCH_WIDTHS = [1, 2, 4, 8, 16] as const;
export type BatchWidth = (typeof BATCH_WIDTHS)[number];

/** Of the widths that may be used, those that steps of up to `most` rows have a use for; 1 is always among them. */
export function usefulWidths(allowed: readonly BatchWidth[], most: number): readonly BatchWidth[] {
  return BATCH_WIDTHS.filter((width) => width === 1 || (width < 2 * most && allowed.includes(width)));
}

/** The narrowest of some widths that takes so many rows at once, else the widest. */
export function widthFor<W extends { readonly width: number }>(widths: readonly W[], rows: number): W {
  return defined(widths.find(({ width }) => width >= rows) ?? widths.at(-1), 'a width');
}

const THREADS = 64;
const LANES = 8;
/** Numbers that a workgroup of `rows` gives, or pairs of them: a thread has two weight rows. */
const ROWS_OF_GROUP = 64;
const MAX_GROUPS = 65_535; // a WebGPU limit a dimension

export interface MatvecArgs extends LinearArgs {
  /** `RoundedVariant`: for weights whose format is `inBytes`. */
  readonly variant: MatvecVariant | RoundedVariant;
  /** Rows that share one reading of the weights; 1 if not given. A row's bits are the same with any. */
  readonly batch?: BatchWidth;
  /** It runs for the step's outputs, not for its rows; with a norm, an output's row of x is the one that it names. */
  readonly ofOutputs?: boolean;
}

/** The decode kernel of a linear layer. Rows never share a sum, so a row's answer does not depend on the batch. */
export function matvec(args: MatvecArgs): Dispatch {
  const { norm } = args;
  const { shape, constants, groups } = matvecGroups(args.variant, linearRows(args), norm);
  const isExact = MATVEC_VARIANTS.some((exact) => exact === shape);
  assert(isExact || args.weights.format.inBytes, `${args.weights.format.type} has no bytes`);
  const width = args.batch ?? 1;
  return {
    kernel: 'matvec',
    shader: `matvec_${shape}`,
    modules: { quant: args.weights.format.module },
    constants: {
      EPILOGUE: EPILOGUE_CODES[args.epilogue],
      ACTIVATION: ACTIVATION_CODES[args.activation ?? 'silu'],
      BATCH: width,
      ...constants,
    },
    params: matvecParams.encode({
      ...linearFields(args),
      ofOutputs: args.ofOutputs === true ? 1 : 0,
      epsilon: norm?.epsilon ?? 0,
    }),
    buffers: [
      { buffer: args.weights.buffer, access: 'read' },
      { buffer: args.x, access: 'read' },
      { buffer: args.y, access: 'write' },
      normUse(args),
    ],
    grid: (batch) => [...groups, divideUp(batch, width)],
    weightBytesRead: (batch) => matrixPlanes(args.weights).totalBytes * divideUp(batch, width),
  };
}

/** The norm's weights; without a norm not read, but every binding has a buffer. */
export function normUse({ x, norm }: Pick<LinearArgs, 'x' | 'norm'>): BufferUse {
  return { buffer: norm?.weight ?? x, access: 'read' };
}

/** How a shape of matvec covers `rows` sums: its constants, and workgroups in two dimensions. */
export function matvecGroups(
  variant: MatvecVariant | RoundedVariant,
  rows: number,
  norm: RowNorm | undefined,
): {
  readonly shape: MatvecVariant | 'int8' | 'f16';
  readonly constants: Readonly<Record<string, number>>;
  readonly groups: readonly [number, number];
} {
  const fit = fitting(variant, rows);
  const NORM = norm === undefined ? 0 : 1;
  const laned = (lanes: number) =>
    ({ constants: { LANES: lanes, THREADS, NORM }, groups: [divideUp(rows, THREADS / lanes), 1] }) as const;
  switch (fit) {
    case 'rows':
      return { shape: fit, constants: { NORM }, groups: [divideUp(rows, ROWS_OF_GROUP), 1] };
    case 'lanes':
      return { shape: fit, ...laned(LANES) };
    case 'subgroup': {
      const columns = divideUp(rows, MAX_GROUPS);
      return { shape: fit, constants: { NORM }, groups: [divideUp(rows, columns), columns] };
    }
    case 'int8-rows':
      return { shape: 'int8', ...laned(1) };
    case 'int8-lanes':
      return { shape: 'int8', ...laned(LANES) };
    case 'f16-rows':
      return { shape: 'f16', ...laned(1) };
    case 'f16-lanes':
      return { shape: 'f16', ...laned(LANES) };
    default:
      return unreachable(fit);
  }
}

/** Eight rows a workgroup do not reach beyond half a million rows, which only a vocabulary can have. */
function fitting(variant: MatvecVariant | RoundedVariant, rows: number): MatvecVariant | RoundedVariant {
  if (rows <= (MAX_GROUPS * THREADS) / LANES) return variant;
  if (variant === 'lanes') return 'rows';
  if (variant === 'int8-lanes') return 'int8-rows';
  return variant === 'f16-lanes' ? 'f16-rows' : variant;
}
