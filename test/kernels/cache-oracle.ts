import type { KvType } from '../../src/kernels/kv-layout';
import { Expected } from './expected';
import { half, halfValue, randomHalf } from './half';
import { cacheElements, type CacheShape } from './oracle';
import type { Random } from './random';

// What the types of KV cache must hold, straight from their definition; shares nothing with src/device/reference.

const HALF_MAX = 65504;
/** What the cache holds before: a number that no kernel writes. */
const UNTOUCHED = 77;
const UNTOUCHED_HALF = 0x54d0; // 77 = (1 + 208 / 1024) · 2⁶
const BLOCK = 32;
/** Scales below it are 0, and so are their bytes. */
const LEAST_SCALE = 2 ** -25;
/** Any half nearby: WGSL leaves the direction open in which packing rounds. The least halves may become 0. */
const halfTolerance = (value: number): number => Math.abs(value) * 2 ** -10 + 2 ** -14;

/** What a cache is to hold after keys and values were written into it. */
export interface CacheOracle {
  /** What the cache holds before. */
  readonly words: Uint32Array;
  /** Expects the elements of a head from element `at` on; those of tolerance 0 exactly, where the type can. */
  keep(at: number, values: readonly number[], tolerances: readonly number[]): void;
  check(bytes: Uint8Array): void;
}

export function cacheOracle(type: KvType, shape: CacheShape): CacheOracle {
  const elements = cacheElements(shape);
  switch (type) {
    case 'f32':
      return floatsOracle(elements);
    case 'f16':
      return halvesOracle(elements);
    case 'q8_0':
      return blocksOracle(elements);
  }
}

function floatsOracle(elements: number): CacheOracle {
  const expected = new Expected(new Float64Array(elements).fill(UNTOUCHED));
  return {
    words: new Uint32Array(new Float32Array(elements).fill(UNTOUCHED).buffer),
    keep: (at, values, tolerances) => values.forEach((value, i) => expected.set(at + i, value, tolerances[i] ?? 0)),
    check: (bytes) => expected.check(new Float32Array(bytes.buffer), 'cache'),
  };
}

function halvesOracle(elements: number): CacheOracle {
  const expected = new Expected(new Float64Array(elements).fill(UNTOUCHED));
  return {
    words: new Uint32Array(new Uint16Array(elements).fill(UNTOUCHED_HALF).buffer),
    keep(at, values, tolerances) {
      values.forEach((value, i) => {
        const tolerance = tolerances[i] ?? 0;
        const rounding = tolerance > 0 ? Math.abs(value) * 2 ** -10 + 2 ** -24 : 0;
        expected.set(at + i, Math.min(Math.max(value, -HALF_MAX), HALF_MAX), tolerance + rounding);
      });
    },
    check: (bytes) => expected.check(Float64Array.from(new Uint16Array(bytes.buffer), halfValue), 'cache'),
  };
}

/** Where the scale of element `at` lies among the halves: behind all bytes, a key's and its value's in turn. */
function scaleAt(elements: number, at: number): number {
  const plane = elements / 2;
  return plane + 2 * Math.floor((at % plane) / BLOCK) + Math.floor(at / plane);
}

/** Bytes and scales apart: a byte is the whole number nearest to x / d, with d = max|x| / 127 not yet rounded. */
function blocksOracle(elements: number): CacheOracle {
  const bytes = new Expected(new Float64Array(elements).fill(UNTOUCHED));
  const scales = new Expected(new Float64Array(elements / BLOCK).fill(UNTOUCHED));
  const firstScale = elements / 2;
  const before = new Uint16Array((elements / BLOCK) * 17).fill(UNTOUCHED_HALF);
  new Uint8Array(before.buffer).fill(UNTOUCHED, 0, elements);
  return {
    words: new Uint32Array(before.buffer),
    keep(at, values, tolerances) {
      for (let first = 0; first < values.length; first += BLOCK) {
        const block = values
          .slice(first, first + BLOCK)
          .map((value) => Math.min(Math.max(value, -HALF_MAX * 127), HALF_MAX * 127));
        const scale = Math.max(...block.map(Math.abs)) / 127;
        const tolerance = Math.max(...tolerances.slice(first, first + BLOCK));
        const exact = scale === 0 ? 0 : halfTolerance(scale) + tolerance / 127;
        scales.set(scaleAt(elements, at + first) - firstScale, scale, exact);
        block.forEach((value, i) => {
          if (scale < LEAST_SCALE) bytes.set(at + first + i, 0, 0);
          else bytes.set(at + first + i, value / scale, 0.5 + 1e-3 + (2 * tolerance) / scale);
        });
      }
    },
    check(actual) {
      bytes.check(Float64Array.from(new Int8Array(actual.buffer, 0, elements)), 'bytes');
      scales.check(Float64Array.from(new Uint16Array(actual.buffer, elements), halfValue), 'scales');
    },
  };
}

/** A cache of values that its type holds exactly, below 2 in size; with its bytes on the device. */
export function randomCache(
  type: KvType,
  shape: CacheShape,
  random: Random,
): { readonly values: Float64Array; readonly words: Uint32Array } {
  const elements = cacheElements(shape);
  if (type === 'q8_0') return randomBlocks(elements, random);
  const drawn = Array.from({ length: elements }, () => randomHalf(random));
  const values = Float64Array.from(drawn, ({ value }) => value);
  const stored = type === 'f32' ? Float32Array.from(values) : Uint16Array.from(drawn, ({ bits }) => bits);
  return { values, words: new Uint32Array(stored.buffer) };
}

function randomBlocks(
  elements: number,
  random: Random,
): { readonly values: Float64Array; readonly words: Uint32Array } {
  const halves = new Uint16Array((elements / BLOCK) * 17);
  const bytes = new Int8Array(halves.buffer, 0, elements);
  const values = new Float64Array(elements);
  for (let first = 0; first < elements; first += BLOCK) {
    const scale = half(1, random.integer(-13, -7), random.integer(0, 1023));
    halves[scaleAt(elements, first)] = scale.bits;
    for (let i = first; i < first + BLOCK; i++) {
      bytes[i] = random.integer(-127, 127);
      values[i] = (bytes[i] ?? 0) * scale.value;
    }
  }
  return { values, words: new Uint32Array(halves.buffer) };
}
