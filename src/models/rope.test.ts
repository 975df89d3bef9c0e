import { describe, expect, it } from 'vitest';
import type { Rope, RopeScaling } from './network';
import { ropeTable, ropeTensors } from './rope';

const PLAIN: Rope = { pairs: 8, base: 10_000, pairing: 'neighbours', scaling: { kind: 'none' } };
const FACTORS = Float32Array.of(1, 1, 1, 1.5, 2, 4, 8, 8);

function table(rope: Rope, position: number, contextLength = 512): number[] {
  return [...ropeTable(rope, contextLength, () => FACTORS)(position)];
}

function scaled(scaling: RopeScaling): Rope {
  return { ...PLAIN, scaling };
}

/** cos and sin of angles that are written out in the test. */
function cosSin(angles: readonly number[], scale = 1): unknown[] {
  return angles.flatMap((angle) => [Math.cos(angle) * scale, Math.sin(angle) * scale]).map((v) => expect.closeTo(v, 6));
}

const angles = (position: number): number[] => Array.from({ length: 8 }, (_, i) => position / 10_000 ** ((2 * i) / 16));

describe('ropeTable', () => {
  it('turns pair i by position · base^(−2i / size), as the paper writes it', () => {
    expect(table(PLAIN, 37)).toEqual(cosSin(angles(37)));
  });

  it('does not turn position 0', () => {
    expect(table(PLAIN, 0)).toEqual(Array.from({ length: 16 }, (_, i) => (i % 2 === 0 ? 1 : 0)));
  });

  it('is as exact at a position of a million as at 1', () => {
    // An angle of 99,999.9 is off by 0.0016 in f32. cos and sin of 999,999 and of 99,999.9, to ten digits.
    const rope: Rope = { ...PLAIN, pairs: 2, base: 100 };
    expect(table(rope, 999_999)).toEqual(
      [0.2116199576, -0.9773520315, -0.9907992414, 0.1353398068].map((v) => expect.closeTo(v, 6)),
    );
  });

  it('has nothing for no pairs', () => {
    expect(table({ ...PLAIN, pairs: 0 }, 5)).toHaveLength(0);
  });

  it('divides positions by a linear factor', () => {
    expect(table(scaled({ kind: 'linear', factor: 4 }), 40)).toEqual(cosSin(angles(10)));
  });

  it('divides each frequency by its factor', () => {
    const expected = angles(37).map((angle, i) => angle / (FACTORS[i] ?? 1));
    expect(table(scaled({ kind: 'factors', tensor: 'f' }), 37)).toEqual(cosSin(expected));
  });

  it('takes the long factors for a context beyond the original one, and scales', () => {
    const scaling: RopeScaling = { kind: 'long', short: 's', long: 'l', originalContext: 512, scale: 1.2 };
    const asked: string[] = [];
    for (const contextLength of [512, 513]) {
      ropeTable(scaled(scaling), contextLength, (name) => {
        asked.push(name);
        return FACTORS;
      })(1);
    }
    expect(asked).toEqual(['s', 'l']);
    const expected = angles(5).map((angle, i) => angle / (FACTORS[i] ?? 1));
    expect(table(scaled(scaling), 5)).toEqual(cosSin(expected, 1.2));
  });

  it('YaRN keeps what turns fast, stretches what turns slowly, and ramps between', () => {
    const scaling: RopeScaling = { kind: 'yarn', factor: 4, originalContext: 512, betaFast: 32, betaSlow: 1, scale: 1 };
    // Pair 0.8 turns 32 times in 512 positions, pair 3.8 once: the ramp goes from pair 0 to pair 4.
    const kept = [1, 0.75, 0.5, 0.25, 0, 0, 0, 0];
    const expected = angles(9).map((angle, i) => angle * (kept[i] ?? 0) + (angle / 4) * (1 - (kept[i] ?? 0)));
    expect(table(scaled(scaling), 9)).toEqual(cosSin(expected, 1 + 0.1 * Math.log(4)));
  });

  it('YaRN stretches all but the first pair where none turns once within the original context', () => {
    const scaling: RopeScaling = { kind: 'yarn', factor: 4, originalContext: 4, betaFast: 32, betaSlow: 1, scale: 1 };
    const expected = angles(9).map((angle, i) => (i === 0 ? angle : angle / 4));
    expect(table(scaled(scaling), 9)).toEqual(cosSin(expected, 1 + 0.1 * Math.log(4)));
  });
});

describe('ropeTensors', () => {
  it('names what the host has to keep', () => {
    expect(ropeTensors({ kind: 'none' })).toEqual([]);
    expect(ropeTensors({ kind: 'factors', tensor: 'f' })).toEqual(['f']);
    expect(ropeTensors({ kind: 'long', short: 's', long: 'l', originalContext: 1, scale: 1 })).toEqual(['s', 'l']);
  });
});
