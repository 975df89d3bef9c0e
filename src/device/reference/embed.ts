import { embedParams, ROW_INDEX_CODES } from '../../kernels/embed';
import { embedNormParams } from '../../kernels/embed-norm';
import { EPILOGUE_CODES } from '../../kernels/linear';
import { UNIT_ELEMENTS } from '../../kernels/weight-matrix';
import type { KernelRun } from './kernel-run';
import { rmsNorm } from './rmsnorm';
import { tokenOf } from './token';

export function runEmbed(run: KernelRun): void {
  const { units, plane, scale, firstRow, rows } = embedParams.decode(run.dispatch.params);
  const adds = run.constant('EPILOGUE') === EPILOGUE_CODES.add;
  const columns = units * UNIT_ELEMENTS;
  const source = { memory: run.memory(0), format: run.quantFormat(), columns, sideOffsetBytes: plane * 4 };
  for (let row = 0; row < run.rows; row++) {
    const index = indexOf(run, row);
    if (index < firstRow || index >= firstRow + rows) continue;
    const weights = run.weights.row(source, index - firstRow);
    const y = run.memory(2).floats(row * columns, columns);
    weights.forEach((weight, k) => (y[k] = (adds ? (y[k] ?? 0) : 0) + weight * scale));
  }
}

export function runEmbedNorm(run: KernelRun): void {
  const { units, plane, scale, rows, epsilon } = embedNormParams.decode(run.dispatch.params);
  const columns = units * UNIT_ELEMENTS;
  const source = { memory: run.memory(0), format: run.quantFormat(), columns, sideOffsetBytes: plane * 4 };
  const norm = run.memory(3).floats(0, columns);
  for (let row = 0; row < run.rows; row++) {
    const token = tokenOf(run, row);
    const y = run.memory(2).floats(row * columns, columns);
    if (token < rows) run.weights.row(source, token).forEach((weight, k) => (y[k] = weight * scale));
    run
      .memory(4)
      .floats(row * columns, columns)
      .set(rmsNorm(y, norm, epsilon));
  }
}

function indexOf(run: KernelRun, row: number): number {
  const index = run.constant('INDEX');
  if (index === ROW_INDEX_CODES.zero) return 0;
  return index === ROW_INDEX_CODES.position ? run.step.position(row) : tokenOf(run, row);
}
