import { assert } from '../../base/assert';
import { EPILOGUE_CODES, linearParams, matvecParams } from '../../kernels/linear';
import { UNIT_ELEMENTS } from '../../kernels/weight-matrix';
import { dot } from './dot';
import type { KernelRun } from './kernel-run';
import { activate } from './glu';
import { readRow } from './read-row';
import { hasNorm } from './rmsnorm';

export function runMatvec(run: KernelRun): void {
  const { ofOutputs, epsilon } = matvecParams.decode(run.dispatch.params);
  const there = ofOutputs === 1 ? run.step.outputCount : run.step.rowCount;
  // Alone, a row does not ask how many there are; a batch does.
  assert(run.constant('BATCH') === 1 || run.rows === there, `matvec runs for all ${there} rows, not ${run.rows}`);
  runLinear(run, (row, columns) => {
    const source = hasNorm(run) && ofOutputs === 1 ? run.step.outputRow(row) : row;
    return readRow(run, run.memory(1).floats(source * columns, columns), 3, epsilon);
  });
}

export function runMatmul(run: KernelRun): void {
  // Its shaders take the number of tokens from the step and run over the grid: only where both agree is the result defined.
  assert(run.rows === run.step.rowCount, `matmul runs for all ${run.step.rowCount} rows of the step, not ${run.rows}`);
  runLinear(run, (row, columns) => run.memory(1).floats(row * columns, columns));
}

/** All shapes of matvec and matmul: they differ in the order of their sums, and in how they read a row of x. */
function runLinear(run: KernelRun, inputOf: (row: number, columns: number) => Float32Array): void {
  const { rows, units, plane, yStride, yOffset, scale } = linearParams.decode(run.dispatch.params);
  const epilogue = run.constant('EPILOGUE');
  const columns = units * UNIT_ELEMENTS;
  const source = { memory: run.memory(0), format: run.quantFormat(), columns, sideOffsetBytes: plane * 4 };
  const lanes = Array.from({ length: run.rows }, (_, row) => ({
    x: inputOf(row, columns),
    y: run.memory(2).floats(row * yStride + yOffset, rows),
  }));
  for (let n = 0; n < rows; n++) {
    const weights = run.weights.row(source, n);
    const upWeights = epilogue === EPILOGUE_CODES.glu ? run.weights.row(source, rows + n) : null;
    for (const { x, y } of lanes) {
      const sum = dot(weights, x);
      const value = scale * (upWeights === null ? sum : activate(run, sum) * dot(upWeights, x));
      y[n] = epilogue === EPILOGUE_CODES.add ? (y[n] ?? 0) + value : value;
    }
  }
}
