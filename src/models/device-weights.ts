import { defined } from '../base/assert';
import type { Device, DeviceBuffer } from '../device/device';
import { matrixPlanes, type WeightMatrix } from '../kernels/weight-matrix';
import type { MatrixSlice } from './matrix-slices';
import { allWeights, type PlannedTensors, type VectorPlan, type WeightPlan } from './weight-plan';

/** The weights' buffers on a device. Whoever loads the model owns them. */
export interface DeviceWeights {
  matrix(plan: MatrixSlice): WeightMatrix;
  vector(plan: VectorPlan): DeviceBuffer; // [length] f32
  /** Tensors that the host keeps, by name; the upload fills them. */
  readonly host: Map<string, Float32Array>;
  readonly sizeBytes: number;
}

/** Makes a buffer for every slice of a matrix and every vector; their contents are uploaded later. */
export function allocateWeights(device: Device, plan: WeightPlan | PlannedTensors): DeviceWeights {
  const { matrices, vectors } = allWeights(plan);
  const matrixOf = new Map<MatrixSlice, WeightMatrix>();
  const vectorOf = new Map<VectorPlan, DeviceBuffer>();
  let sizeBytes = 0;
  for (const slice of matrices.flatMap(({ slices }) => slices)) {
    const { name, format, rows, columns } = slice;
    const buffer = device.createBuffer(name, matrixPlanes(slice).totalBytes);
    matrixOf.set(slice, { buffer, format, rows, columns });
    sizeBytes += buffer.sizeBytes;
  }
  for (const vector of vectors) {
    const buffer = device.createBuffer(vector.name, vector.length * 4);
    vectorOf.set(vector, buffer);
    sizeBytes += buffer.sizeBytes;
  }
  return {
    matrix: (matrix) => defined(matrixOf.get(matrix), matrix.name),
    vector: (vector) => defined(vectorOf.get(vector), vector.name),
    host: new Map(),
    sizeBytes,
  };
}
