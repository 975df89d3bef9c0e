import { describe, expect, it } from 'vitest';
import { encodeStepInput, ON_DEVICE, stepInputWords, type StepInputRow } from './step-input';

const FIRST = [7, 3, 11];
const SECOND = [5];
const WINDOW = [0, 0, 6];
const ROWS: readonly StepInputRow[] = [
  { token: 42, position: 32, slot: 0, blocks: FIRST, windowBlocks: WINDOW },
  { token: null, position: 9, slot: 3, blocks: SECOND },
  { token: 0, position: 33, slot: 0, blocks: FIRST, windowBlocks: WINDOW },
];

const PENALTIES = { repeat: 2, presence: 0.25, frequency: -0.5 };
const DRAW = { topK: 40, temperature: 0.75, topP: 0.5, minP: 0.125, unit: 0.25 };

describe('encodeStepInput', () => {
  it('lays out rows, block tables and outputs', () => {
    const words = [...encodeStepInput(ROWS, [2, 1], [])];
    expect(words.slice(0, 8)).toEqual([3, 30, 32, 2, 32, 32, 0, 0]); // rows, outputs at, tables at, outputs, draws at, penalties at
    expect(words.slice(8, 13)).toEqual([42, 32, 0, 23, 26]);
    expect(words.slice(13, 17)).toEqual([ON_DEVICE, 9, 3, 29]); // and no window: nothing reads its word
    expect(words.slice(18, 23)).toEqual([0, 33, 0, 23, 26]); // the same tables as the first row's
    expect(words.slice(23, 30)).toEqual([...FIRST, ...WINDOW, ...SECOND]);
    expect(words.slice(30)).toEqual([2, 1]);
  });

  it('gives equal tables of different sequences a place each', () => {
    const rows = [1, 2].map((slot) => ({ token: 1, position: 0, slot, blocks: [...SECOND] }));
    const words = encodeStepInput(rows, [], []);
    expect([words[8 + 3], words[13 + 3]]).toEqual([18, 19]);
    expect([...words.subarray(18)]).toEqual([5, 5]);
  });

  it('appends cos and sin, a table after the other, a row after the other', () => {
    const table = (sign: number) => (position: number) => Float32Array.from([sign * position, 0.5, 0.25, -1]);
    const words = encodeStepInput(ROWS, [0], [table(1), table(-1)]);
    expect(words[2]).toBe(31);
    const floats = [...new Float32Array(words.buffer).subarray(31)];
    expect(floats).toEqual([32, 9, 33, -32, -9, -33].flatMap((value) => [value, 0.5, 0.25, -1]));
  });

  it('puts the draws between the outputs and the tables', () => {
    const draws = [DRAW, { ...DRAW, topK: 64, unit: 1 - 2 ** -24 }];
    const words = encodeStepInput(ROWS, [2, 1], [() => Float32Array.of(9)], draws);
    expect([words[1], words[4], words[2]]).toEqual([30, 32, 42]);
    expect([words[32], words[37]]).toEqual([40, 64]);
    const floats = [...new Float32Array(words.buffer)];
    expect(floats.slice(33, 37)).toEqual([0.75, 0.5, 0.125, 0.25]);
    expect(floats.slice(38)).toEqual([0.75, 0.5, 0.125, 1 - 2 ** -24, 9, 9, 9]);
  });

  it('puts the penalties behind the draws, and how many tokens they look at first', () => {
    const penalties = [{ ...PENALTIES, tokens: 3 }, null, { ...PENALTIES, repeat: 4, tokens: 1 }];
    const words = encodeStepInput(ROWS, [2, 1, 0], [() => Float32Array.of(9)], [DRAW, DRAW, DRAW], penalties);
    expect([words[4], words[5], words[2]]).toEqual([33, 48, 63]);
    const floats = [...new Float32Array(words.buffer)];
    expect(words[48]).toBe(3);
    expect(floats.slice(49, 53)).toEqual([2, 0.5, 0.25, -0.5]);
    expect([...words.subarray(53, 58)]).toEqual([0, 0, 0, 0, 0]);
    expect(words[58]).toBe(1);
    expect(floats.slice(59, 63)).toEqual([4, 0.25, 0.25, -0.5]);
    expect(floats.slice(63)).toEqual([9, 9, 9]);
  });

  it('encodes a step of nothing', () => {
    expect([...encodeStepInput([], [], [])]).toEqual([0, 8, 8, 0, 8, 8, 0, 0]);
  });

  it('keeps tokens and positions beyond 2^31', () => {
    const words = encodeStepInput([{ token: 2 ** 31 + 5, position: 2 ** 31, slot: 0, blocks: [2 ** 31 + 1] }], [], []);
    expect([words[8], words[9], words[13]]).toEqual([2 ** 31 + 5, 2 ** 31, 2 ** 31 + 1]);
  });
});

describe('stepInputWords', () => {
  it('is what the largest step takes', () => {
    const size = { rows: 3, outputs: 3, sequences: 3, blocksPerSequence: 4, tablePairs: [2, 2] };
    const rows = [0, 1, 2].map((slot) => ({ token: 1, position: slot, slot, blocks: [1, 2, 3, 4] }));
    const table = () => new Float32Array(4);
    const largest = encodeStepInput(
      rows.map((row) => ({ ...row, blocks: [...row.blocks] })),
      [0, 1, 2],
      [table, table],
      [DRAW, DRAW, DRAW],
      [0, 1, 2].map(() => ({ ...PENALTIES, tokens: 256 })),
    );
    expect(largest.length).toBe(stepInputWords(size));
  });
});
