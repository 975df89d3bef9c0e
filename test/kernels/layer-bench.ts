import type { Dispatch } from '../../src/device/plan';
import type { Activation, Epilogue, LinearArgs, RowNorm } from '../../src/kernels/linear';
import type { WeightMatrix } from '../../src/kernels/weight-matrix';
import type { QuantFormat } from '../../src/quant/format';
import { Expected, expectSame } from './expected';
import { expectLinear, type NormOracle } from './oracle';
import type { Random } from './random';
import { randomMatrix, type TestMatrix } from './test-matrix';
import { rowOf, type Workbench } from './workbench';

export type MakeDispatch = (args: LinearArgs) => Dispatch;

/** A layer to be; what is optional goes to the kernel as it is. */
export interface Shape {
  readonly rows: number;
  readonly columns: number;
  readonly epilogue: Epilogue;
  readonly activation?: Activation;
  readonly scale?: number;
  /** Of an RMS norm of x, whose weights are drawn; no norm if not given. */
  readonly normEpsilon?: number;
}

interface Layer extends Shape {
  readonly norm: (NormOracle & { readonly args: RowNorm }) | null;
  readonly matrix: TestMatrix;
  readonly weights: WeightMatrix;
  readonly yOffset: number;
}

/** Many layers that write beside each other into one y, so that a plan holds them all, as an engine's plan does. */
export class LayerBench {
  readonly yStride: number;
  private readonly layers: readonly Layer[];

  constructor(
    private readonly bench: Workbench,
    private readonly make: MakeDispatch,
    format: QuantFormat,
    shapes: readonly Shape[],
    private readonly random: Random,
    /**
     * Of x and norms, `bytes`: what rounding to bytes of which 32 share a scale leaves as it is; `signs`: what a byte of weights may be
     * multiplied with, and four products added, in half precision.
     */
    private readonly values: 'any' | 'bytes' | 'signs' = 'any',
  ) {
    let yOffset = 0;
    this.layers = shapes.map((shape) => {
      const rows = shape.epilogue === 'glu' ? 2 * shape.rows : shape.rows;
      const matrix = randomMatrix(format, rows, shape.columns, random);
      yOffset += random.integer(0, 2); // columns of nobody: they must stay
      const norm = this.drawNorm(shape);
      const layer = { ...shape, norm, matrix, weights: bench.weights(matrix), yOffset };
      yOffset += shape.rows;
      return layer;
    });
    this.yStride = yOffset + 1;
  }

  private drawNorm({ columns, normEpsilon: epsilon }: Shape): Layer['norm'] {
    if (epsilon === undefined) return null;
    const { random } = this;
    const units = Array.from({ length: columns / 32 }, () => 2 ** random.integer(-1, 1));
    const weight =
      this.values !== 'any'
        ? Float32Array.from({ length: columns }, (_, k) => units[Math.floor(k / 32)] ?? NaN)
        : random.floats(columns, 0.5, 2);
    return { weight, epsilon, args: { weight: this.bench.floats('norm', weight), epsilon } };
  }

  /** x by its columns, below `spread` in size, and y as it is before. The last token of what is normed is zero. */
  draw(tokens: number, spread = 1): { x: Map<number, Float32Array>; before: Float32Array } {
    const widths = new Set(this.layers.map((layer) => layer.columns));
    const x = new Map([...widths].map((columns) => [columns, this.drawX(tokens * columns, spread)]));
    if (this.layers.some(({ norm }) => norm !== null))
      x.forEach((values, columns) => values.fill(0, (tokens - 1) * columns));
    return { x, before: this.random.floats(tokens * this.yStride) };
  }

  private drawX(length: number, spread: number): Float32Array {
    const { random } = this;
    if (this.values === 'any') return random.floats(length, -spread, spread);
    if (this.values === 'signs') return Float32Array.from({ length }, () => random.integer(-1, 1) / 2);
    const byte = (k: number): number => (k % 32 === 5 ? 127 : random.integer(-127, 127));
    return Float32Array.from({ length }, (_, k) => byte(k) / 128);
  }

  async run(tokens: number, xs: ReadonlyMap<number, Float32Array>, before: Float32Array): Promise<Float32Array> {
    const { bench, yStride } = this;
    bench.stepOf(tokens);
    const y = bench.floats('y', before);
    const buffers = new Map([...xs].map(([columns, x]) => [columns, bench.floats(`x ${columns}`, x)]));
    const dispatches = this.layers.flatMap(({ weights, yOffset, norm, ...shape }) => {
      const x = buffers.get(shape.columns);
      const { epilogue, activation = 'silu', scale = 1 } = shape;
      const args = { weights, y, yStride, yOffset, epilogue, activation, scale, ...(norm && { norm: norm.args }) };
      return x === undefined ? [] : [this.make({ ...args, x })];
    });
    return await bench.runFloats(dispatches, tokens, y);
  }

  async check(tokens: number, spread = 1): Promise<void> {
    const { x: xs, before } = this.draw(tokens, spread);
    const actual = await this.run(tokens, xs, before);
    const expected = new Expected(new Float64Array(before));
    for (const layer of this.layers) {
      const x = xs.get(layer.columns) ?? new Float32Array(0);
      expectLinear(expected, { ...layer, tokens, x, yStride: this.yStride });
    }
    expected.check(actual, (at) => {
      const column = at % this.yStride;
      const layer = this.layers.findLast(({ yOffset }) => yOffset <= column);
      return `${layer?.rows} × ${layer?.columns} ${layer?.epilogue}, token ${Math.floor(at / this.yStride)} of ${tokens}`;
    });
  }

  /** Expects the same bits of every token, whole and in pieces of these sizes. */
  async checkPieces(pieces: readonly number[]): Promise<void> {
    const tokens = pieces.reduce((sum, piece) => sum + piece, 0);
    const { x, before } = this.draw(tokens);
    const whole = await this.run(tokens, x, before);
    let from = 0;
    for (const piece of pieces) {
      const cut = (values: Float32Array, width: number): Float32Array =>
        values.slice(from * width, (from + piece) * width);
      const xOfPiece = new Map([...x].map(([columns, values]) => [columns, cut(values, columns)]));
      const alone = await this.run(piece, xOfPiece, cut(before, this.yStride));
      for (let t = 0; t < piece; t++) {
        expectSame(rowOf(alone, t, this.yStride), rowOf(whole, from + t, this.yStride), `token ${from + t}`);
      }
      from += piece;
    }
  }
}
