import { expect } from 'vitest';

/**
 * How far a device may be from exact arithmetic, relative to the scale that an oracle states for each value: the size
 * that its sum has when the terms do not cancel. f32 sums of these lengths stay below a tenth of it.
 */
export const TOLERANCE = 1e-4;

/** What a buffer must hold. `tolerances` are absolute; 0 asks for the very value. */
export class Expected {
  readonly tolerances: Float64Array;

  /** Begins as what the buffer holds before, to be left alone. */
  constructor(readonly values: Float64Array) {
    this.tolerances = new Float64Array(values.length);
  }

  set(at: number, value: number, tolerance: number): void {
    this.values[at] = value;
    this.tolerances[at] = tolerance;
  }

  /** Expects `actual` to hold it, element by element; `what` names the case of an element. */
  check(actual: Float32Array | Float64Array, what: string | ((at: number) => string)): void {
    expect(actual.length).toBe(this.values.length);
    const wrong = actual.findIndex((value, i) => {
      const difference = Math.abs(value - (this.values[i] ?? NaN));
      return !(difference <= (this.tolerances[i] ?? 0));
    });
    if (wrong < 0) return;
    const { [wrong]: value } = this.values;
    const name = typeof what === 'string' ? what : what(wrong);
    expect.fail(`${name}: [${wrong}] is ${actual[wrong]}, not ${value} ± ${this.tolerances[wrong]}`);
  }
}

type Numbers = Float32Array | Uint32Array | Uint8Array;

/** Expects the very bits. `toEqual` would look at each element as at a property of an object. */
export function expectSame(actual: Numbers, expected: Numbers, what: string): void {
  expect(actual.length, what).toBe(expected.length);
  const [bits, wanted] = [bitsOf(actual), bitsOf(expected)];
  const wrong = bits.findIndex((value, i) => value !== wanted[i]);
  if (wrong >= 0) expect.fail(`${what}: [${wrong}] is ${actual[wrong]}, not ${expected[wrong]}`);
}

/** Element by element. */
function bitsOf(values: Numbers): Uint32Array | Uint8Array {
  return values instanceof Float32Array ? new Uint32Array(values.buffer, values.byteOffset, values.length) : values;
}
