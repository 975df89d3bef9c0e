import type { DeviceBuffer } from '../device/device';
import type { QuantFormat } from '../quant/format';
import { planeLayout, type PlaneLayout } from '../quant/planes';

/** Kernels take weights in units of 32 elements: `columns` must be a multiple. */
export const UNIT_ELEMENTS = 32;

/** A matrix on the device, [rows × columns], its bytes laid out in planes. */
export interface WeightMatrix {
  readonly buffer: DeviceBuffer;
  readonly format: QuantFormat;
  readonly rows: number;
  readonly columns: number;
}

export function matrixPlanes(matrix: Pick<WeightMatrix, 'format' | 'rows' | 'columns'>): PlaneLayout {
  return planeLayout(matrix.format, (matrix.rows * matrix.columns) / matrix.format.blockElements);
}

/** The word at which the side plane begins. */
export function sidePlaneWord(matrix: WeightMatrix): number {
  return matrixPlanes(matrix).sideOffsetBytes / 4;
}
