import { embedParams } from '../../kernels/embed';
import { ON_DEVICE } from '../../kernels/step-input';
import { UNIT_ELEMENTS } from '../../kernels/weight-matrix';
import type { KernelRun } from './kernel-run';

export function runEmbed(run: KernelRun): void {
  const { units, plane, scale, firstRow, rows } = embedParams.decode(run.dispatch.params);
  const columns = units * UNIT_ELEMENTS;
  const source = { memory: run.memory(0), format: run.quantFormat(), columns, sideOffsetBytes: plane * 4 };
  for (let row = 0; row < run.rows; row++) {
    const given = run.step.token(row);
    const token = given === ON_DEVICE ? run.memory(1).word(run.step.slot(row)) : given;
    if (token < firstRow || token >= firstRow + rows) continue;
    const weights = run.weights.row(source, token - firstRow);
    const y = run.memory(2).floats(row * columns, columns);
    weights.forEach((weight, k) => (y[k] = weight * scale));
  }
}
