import { describe, expect, it } from 'vitest';
import { TARGETS, unitsOf } from './hip-build.mjs';
import { allOf, coverOf, turnOf } from './hip-check.mjs';

const units = await unitsOf();
const nameOf = (/** @type {import('./hip-check.mjs').ObjectName} */ { target, unit }) => `${target}/${unit}`;
const turns = TARGETS.map((_target, turn) => coverOf(units, TARGETS, turn));

describe('the code objects that a run of the tests compiles', () => {
  it('are of every unit and of every GPU, and those of all turns are all', () => {
    for (const cover of turns) {
      expect(cover.map(({ unit }) => unit)).toEqual(units);
      expect(new Set(cover.map(({ target }) => target))).toEqual(new Set(TARGETS));
    }
    expect(turns.flat().map(nameOf).sort()).toEqual(allOf(units, TARGETS).map(nameOf).sort());
  });

  it('are others for other commits, and the same for the same one', () => {
    const taken = Array.from({ length: 100 }, (_, i) =>
      turnOf(`${(i * 0x1234567).toString(16)}00000000`, TARGETS.length),
    );
    expect(new Set(taken)).toEqual(new Set(TARGETS.map((_target, turn) => turn)));
    expect(turnOf('a2921530000', 10)).toBe(turnOf('a2921530000', 10));
    expect(turnOf('', 10)).toBe(0);
  });
});
