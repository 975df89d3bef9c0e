/**
 * The one small buffer that is written before a step, in words:
 * 0 row count · 1 word at which the outputs' rows begin · 2 word at which the cos/sin tables begin · 3 output count ·
 * 4 word at which the outputs' draws begin · 5 word at which their penalties begin · 6, 7 zero ·
 * 8: per row token (ON_DEVICE: see `sampled`), position, slot, words of its sequence's block tables, of each pool one ·
 * then the block tables, the outputs (a row index each), their draws (top-k, then temperature, top-p, min-p and unit as f32)
 * where the device samples, their penalties (tokens that count, then the repeat penalty, its inverse, presence and frequency as
 * f32) where the device penalises, and the tables [tables × rows × pairs × (cos, sin)] of f32.
 * `shaders/lib/step.wgsl` reads it.
 */
export interface StepInputRow {
  /** `null`: the token that was sampled last for this slot. */
  readonly token: number | null;
  readonly position: number;
  readonly slot: number;
  /** Of layers that see all positions: [position / block size] a block. */
  readonly blocks: readonly number[];
  /** The same of layers with a window, whatever stands where nothing is seen any more; absent where no layer has one. */
  readonly windowBlocks?: readonly number[];
}

/** How the device draws the token of an output. */
export interface StepInputDraw {
  /** 1 … 64. */
  readonly topK: number;
  /** Above 0. */
  readonly temperature: number;
  readonly topP: number;
  readonly minP: number;
  /** The random number, a multiple of 2^-24 in [0, 1): exact as f32. */
  readonly unit: number;
}

/** What the device penalises an output's logits for: the last `tokens` tokens of its text, its row's own included. */
export interface StepInputPenalties {
  readonly repeat: number;
  readonly presence: number;
  readonly frequency: number;
  /** At least 1, of which the device has all but the last from the steps before. */
  readonly tokens: number;
}

export const STEP_ROWS = 8;
export const STEP_ROW_WORDS = 5;
export const STEP_DRAW_WORDS = 5;
export const STEP_PENALTY_WORDS = 5;
export const ON_DEVICE = 0xffffffff;

/** cos and sin for each rotated pair at a position, [pairs × 2]; one function a table. */
export type RopeTable = (position: number) => Float32Array;

export interface StepInputSize {
  readonly rows: number;
  readonly outputs: number;
  readonly sequences: number;
  /** Of both tables together. */
  readonly blocksPerSequence: number;
  /** Rotated pairs of each table. */
  readonly tablePairs: readonly number[];
}

/** Words that the largest step needs. */
export function stepInputWords(size: StepInputSize): number {
  const tables = size.tablePairs.reduce((sum, pairs) => sum + size.rows * pairs * 2, 0);
  const ofRows = size.rows * STEP_ROW_WORDS + size.sequences * size.blocksPerSequence;
  const ofOutputs = size.outputs * (1 + STEP_DRAW_WORDS + STEP_PENALTY_WORDS);
  return STEP_ROWS + ofRows + ofOutputs + tables;
}

const NO_BLOCKS: readonly number[] = [];

/** Tables must all have the same number of pairs. `draws`, `penalties`: one for each output, or none at all. */
export function encodeStepInput(
  rows: readonly StepInputRow[],
  outputs: readonly number[],
  tables: readonly RopeTable[],
  draws: readonly StepInputDraw[] = [],
  penalties: readonly (StepInputPenalties | null)[] = [],
): Uint32Array {
  const blockTables = new Map<readonly number[], number>();
  let next = STEP_ROWS + rows.length * STEP_ROW_WORDS;
  for (const table of rows.flatMap((row) => [row.blocks, row.windowBlocks ?? NO_BLOCKS])) {
    if (blockTables.has(table)) continue;
    blockTables.set(table, next);
    next += table.length;
  }
  const outputsAt = next;
  const drawsAt = outputsAt + outputs.length;
  const penaltiesAt = drawsAt + draws.length * STEP_DRAW_WORDS;
  const tablesAt = penaltiesAt + penalties.length * STEP_PENALTY_WORDS;
  const cosSin = tables.map((table) => rows.map((row) => table(row.position)));
  const tableWords = cosSin.reduce((sum, table) => sum + table.reduce((words, row) => words + row.length, 0), 0);

  const words = new Uint32Array(tablesAt + tableWords);
  words.set([rows.length, outputsAt, tablesAt, outputs.length, drawsAt, penaltiesAt]);
  rows.forEach((row, i) => {
    const token = row.token ?? ON_DEVICE;
    const tablesOfRow = [row.blocks, row.windowBlocks ?? NO_BLOCKS].map((table) => blockTables.get(table) ?? 0);
    words.set([token, row.position, row.slot, ...tablesOfRow], STEP_ROWS + i * STEP_ROW_WORDS);
  });
  for (const [blocks, at] of blockTables) words.set(blocks, at);
  words.set(outputs, outputsAt);
  const floats = new Float32Array(words.buffer);
  draws.forEach(({ topK, temperature, topP, minP, unit }, i) => {
    words[drawsAt + i * STEP_DRAW_WORDS] = topK;
    floats.set([temperature, topP, minP, unit], drawsAt + i * STEP_DRAW_WORDS + 1);
  });
  penalties.forEach((penalty, i) => {
    if (penalty === null) return;
    const { tokens, repeat, presence, frequency } = penalty;
    words[penaltiesAt + i * STEP_PENALTY_WORDS] = tokens;
    floats.set([repeat, 1 / repeat, presence, frequency], penaltiesAt + i * STEP_PENALTY_WORDS + 1);
  });
  let at = tablesAt;
  for (const table of cosSin) {
    for (const row of table) {
      floats.set(row, at);
      at += row.length;
    }
  }
  return words;
}
