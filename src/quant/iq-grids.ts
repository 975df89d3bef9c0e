import { IQ_GRID_DATA } from './iq-grid-data';

// A grid lists the points that so many weights at once may have; a block stores indices into it. A point is 16 bits: two
// bits for each of 8 elements, or four for each of 4 (IQ3), the first element lowest.

export const IQ2_XXS_GRID = gridOf(IQ_GRID_DATA.IQ2_XXS);
export const IQ2_XS_GRID = gridOf(IQ_GRID_DATA.IQ2_XS);
export const IQ2_S_GRID = gridOf(IQ_GRID_DATA.IQ2_S);
export const IQ3_XXS_GRID = gridOf(IQ_GRID_DATA.IQ3_XXS);
export const IQ3_S_GRID = gridOf(IQ_GRID_DATA.IQ3_S);
/** Of IQ1_S and IQ1_M. */
export const IQ1_GRID = gridOf(IQ_GRID_DATA.IQ1);

/** What IQ1 shifts its grid by, up or down. */
export const IQ1_DELTA = 0.125;

const IQ2_VALUES = [8, 25, 43];

/** Element `i` of 8 of a point of an IQ2 grid. */
export function iq2Value(point: number, i: number): number {
  return IQ2_VALUES[(point >> (2 * i)) & 3] ?? 0;
}

/** Element `i` of 8 of a point of the IQ1 grid: −1, 0 or 1. */
export function iq1Value(point: number, i: number): number {
  return ((point >> (2 * i)) & 3) - 1;
}

/** Eight signs (1: negative) of the lowest seven bits: the eighth makes their number even. */
export function signsOf(seven: number): number {
  const bits = seven & 127;
  let parity = bits ^ (bits >> 4);
  parity ^= parity >> 2;
  parity ^= parity >> 1;
  return bits | ((parity & 1) << 7);
}

function gridOf(base64: string): Uint16Array {
  const bytes = atob(base64);
  return Uint16Array.from({ length: bytes.length / 2 }, (_, i) => {
    return bytes.charCodeAt(2 * i) | (bytes.charCodeAt(2 * i + 1) << 8);
  });
}
