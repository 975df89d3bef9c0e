import { describe, expect, it } from 'vitest';
import { TARGETS, unitsOf } from './hip-build.mjs';
import { allOf, checkTurns, coverOf, turnOf, withRemedy } from './hip-check.mjs';

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

  describe('in turns', () => {
    /** @param {number} turnsBeforeItIsLate */
    async function checked(turnsBeforeItIsLate) {
      /** @type {string[]} */
      const compared = [];
      const result = await checkTurns({
        first: 7,
        isLate: () => compared.length >= turnsBeforeItIsLate * units.length,
        problemsOf: async (names) => {
          compared.push(...names.map(nameOf));
          return [`${names[0] === undefined ? '' : nameOf(names[0])} is wrong`];
        },
      });
      expect(result.compared).toBe(compared.length);
      expect(result.all).toBe(TARGETS.length * units.length);
      return { compared, problems: result.problems };
    }

    it('are all of them, each once, where there is time, and what is wrong with them', async () => {
      const { compared, problems } = await checked(TARGETS.length);
      expect([...compared].sort()).toEqual(allOf(units, TARGETS).map(nameOf).sort());
      expect(problems).toHaveLength(TARGETS.length);
      expect(withRemedy(problems).at(-1)).toContain('node scripts/hip.mjs --manifest');
      expect(withRemedy([])).toEqual([]);
    });

    it('are those of the first turn in any case, and of no other when it is late', async () => {
      const first = (turns[7] ?? []).map(nameOf);
      expect((await checked(0)).compared).toEqual(first);
      expect((await checked(2)).compared).toEqual([...first, ...(turns[8] ?? []).map(nameOf)]);
    });
  });
});
