import { expertMatvecParams } from '../../kernels/expert-matvec';
import { EPILOGUE_CODES } from '../../kernels/linear';
import { routeParams } from '../../kernels/route';
import { UNIT_ELEMENTS } from '../../kernels/weight-matrix';
import { dot } from './dot';
import { gated } from './glu';
import type { KernelRun } from './kernel-run';

export function runRoute(run: KernelRun): void {
  const { experts, used, scale } = routeParams.decode(run.dispatch.params);
  for (let row = 0; row < run.rows; row++) {
    const logits = run.memory(0).floats(row * experts, experts);
    const chosen = ranked(logits).slice(0, used);
    const top = logits[chosen[0] ?? 0] ?? NaN;
    const shares = chosen.map((expert) => Math.exp((logits[expert] ?? NaN) - top));
    const sum = shares.reduce((total, share) => total + share, 0);
    chosen.forEach((expert, k) => {
      const at = (row * used + k) * 2;
      run.memory(1).words(at, 1)[0] = expert;
      run.memory(1).floats(at + 1, 1)[0] = (scale * (shares[k] ?? 0)) / sum;
    });
  }
}

/** Indices by their logit, the greatest first, NaN before all; equals in their order. */
function ranked(logits: Float32Array): number[] {
  const order = (a: number, b: number): number =>
    logits[a] === logits[b] ? a - b : (logits[b] ?? 0) - (logits[a] ?? 0);
  const isNan = (index: number): boolean => Number.isNaN(logits[index]);
  const indices = Array.from(logits.keys());
  return [...indices.filter(isNan), ...indices.filter((index) => !isNan(index)).sort(order)];
}

export function runExpertMatvec(run: KernelRun): void {
  const { rows, units, plane, used, up, firstExpert, experts, yStride, yOffset } = expertMatvecParams.decode(
    run.dispatch.params,
  );
  const epilogue = run.constant('EPILOGUE');
  const columns = units * UNIT_ELEMENTS;
  const source = { memory: run.memory(0), format: run.quantFormat(), columns, sideOffsetBytes: plane * 4 };
  const hasBias = run.constant('BIAS') === 1;
  const linear = (weightRow: number, x: Float32Array, bias: number, biasRow: number): number =>
    dot(run.weights.row(source, weightRow), x) + (hasBias ? (run.memory(bias).floats(biasRow, 1)[0] ?? NaN) : 0);
  for (let row = 0; row < run.rows; row++) {
    const sums = new Float64Array(rows);
    for (let k = 0; k < used; k++) {
      const at = row * used + k;
      const expert = run.memory(2).word(at * 2);
      if (expert < firstExpert || expert >= firstExpert + experts) continue;
      const weight = run.memory(2).floats(at * 2 + 1, 1)[0] ?? NaN;
      const adds = epilogue === EPILOGUE_CODES.add;
      const x = run.memory(1).floats((adds ? at : row) * columns, columns);
      const y = adds ? null : run.memory(5).floats(at * yStride + yOffset, rows);
      for (let n = 0; n < rows; n++) {
        const weightRow = (expert - firstExpert) * rows + n;
        const biasRow = expert * rows + n;
        const value = linear(weightRow, x, 3, biasRow);
        if (y === null) sums[n] = (sums[n] ?? 0) + weight * value;
        else if (epilogue === EPILOGUE_CODES.glu) y[n] = gated(run, value, linear(weightRow + up, x, 4, biasRow));
        else y[n] = value;
      }
    }
    if (epilogue !== EPILOGUE_CODES.add) continue;
    const y = run.memory(5).floats(row * yStride + yOffset, rows);
    sums.forEach((sum, n) => (y[n] = (y[n] ?? 0) + sum));
  }
}
