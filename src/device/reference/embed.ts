import { embedParams, ROW_INDEX_CODES } from '../../kernels/embed';
import { EPILOGUE_CODES } from '../../kernels/linear';
import { ON_DEVICE } from '../../kernels/step-input';
import { UNIT_ELEMENTS } from '../../kernels/weight-matrix';
import type { KernelRun } from './kernel-run';

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

function indexOf(run: KernelRun, row: number): number {
  const index = run.constant('INDEX');
  if (index === ROW_INDEX_CODES.zero) return 0;
  if (index === ROW_INDEX_CODES.position) return run.step.position(row);
  const token = run.step.token(row);
  return token === ON_DEVICE ? run.memory(1).word(run.step.slot(row)) : token;
}
