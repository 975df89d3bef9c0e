import type { Epilogue, GluKind } from '../../src/kernels/linear';
import { Expected, TOLERANCE } from './expected';
import { dot, gatedOracle } from './oracle';
import type { TestMatrix } from './test-matrix';

// What the kernels of a mixture of experts must give, in doubles; shares nothing with src/device/reference.

/** The experts of each row, best first, and their weights: a softmax over all, those of the chosen divided by their sum. */
export function routeOracle(
  logits: Float32Array,
  experts: number,
  used: number,
  scale: number,
): { chosen: number[]; weights: Expected } {
  const rows = logits.length / experts;
  const weights = new Expected(new Float64Array(rows * used));
  const chosen: number[] = [];
  for (let row = 0; row < rows; row++) {
    const own = Array.from(logits.subarray(row * experts, (row + 1) * experts));
    const best = own
      .map((_, expert) => expert)
      .sort((a, b) => (own[b] ?? NaN) - (own[a] ?? NaN) || a - b)
      .slice(0, used);
    const top = Math.max(...own);
    const total = own.reduce((sum, logit) => sum + Math.exp(logit - top), 0);
    const shares = best.map((expert) => Math.exp((own[expert] ?? NaN) - top) / total);
    const sum = shares.reduce((a, b) => a + b);
    shares.forEach((share, k) => weights.set(row * used + k, (scale * share) / sum, TOLERANCE * scale));
    chosen.push(...best);
  }
  return { chosen, weights };
}

/** One linear layer of the experts that `routes` names for each token, with a weight for each; biases of gate and up, or one. */
export interface ExpertsCase {
  readonly matrix: TestMatrix;
  readonly experts: number;
  readonly routes: readonly (readonly number[])[];
  readonly weights: Float32Array;
  readonly x: Float32Array;
  readonly biases: readonly Float32Array[];
  readonly epilogue: Epilogue;
  readonly activation: GluKind;
  readonly yStride: number;
  readonly yOffset: number;
}

/** Into `expected`, which holds what y holds before. */
export function expectExperts(expected: Expected, args: ExpertsCase): void {
  const { matrix, experts, epilogue, yStride, yOffset } = args;
  const rows = matrix.rows / experts / (epilogue === 'glu' ? 2 : 1);
  const x = new Float64Array(args.x);
  const linear = (matrixRow: number, xRow: number, bias: number): { sum: number; size: number } => {
    const found = dot(matrix.values, matrixRow * matrix.columns, x, xRow * matrix.columns, matrix.columns);
    return { sum: found.sum + bias, size: found.size + Math.abs(bias) };
  };
  args.routes.forEach((chosen, token) => {
    for (let n = 0; n < rows; n++) {
      let sum = expected.values[token * yStride + yOffset + n] ?? NaN;
      let size = Math.abs(sum);
      chosen.forEach((expert, k) => {
        const route = token * chosen.length + k;
        const own = expert * rows + n;
        const [bias, upBias] = args.biases.map((values) => values[own] ?? NaN);
        const found = linear(own, epilogue === 'add' ? route : token, bias ?? 0);
        const at = route * yStride + yOffset + n;
        if (epilogue === 'add') {
          const weight = args.weights[route] ?? NaN;
          sum += weight * found.sum;
          size += weight * found.size;
        } else if (epilogue === 'glu') {
          const up = linear(experts * rows + own, token, upBias ?? 0);
          const { value, tolerance } = gatedOracle(found, up, args.activation);
          expected.set(at, value, tolerance);
        } else {
          expected.set(at, found.sum, TOLERANCE * found.size);
        }
      });
      if (epilogue === 'add') expected.set(token * yStride + yOffset + n, sum, TOLERANCE * size);
    }
  });
}
