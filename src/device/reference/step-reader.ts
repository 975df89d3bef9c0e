import { KV_BLOCK_TOKENS } from '../../kernels/kv-layout';
import {
  STEP_DRAW_WORDS,
  STEP_PENALTY_WORDS,
  STEP_ROWS,
  STEP_ROW_WORDS,
  type StepInputDraw,
  type StepInputPenalties,
} from '../../kernels/step-input';
import type { Memory } from './memory';

/** Reads the step's input buffer; layout in src/kernels/step-input.ts, the twin of shaders/lib/step.wgsl. */
export class StepReader {
  constructor(private readonly memory: Memory) {}

  get rowCount(): number {
    return this.memory.word(0);
  }

  get outputCount(): number {
    return this.memory.word(3);
  }

  /** Of a kernel whose step input has a layout of its own. */
  words(at: number, length: number): Uint32Array {
    return this.memory.words(at, length);
  }

  /** The row's token, or `ON_DEVICE`. */
  token(row: number): number {
    return this.rowWord(row, 0);
  }

  position(row: number): number {
    return this.rowWord(row, 1);
  }

  slot(row: number): number {
    return this.rowWord(row, 2);
  }

  /** The KV block of pool `pool` that holds `position` of the row's sequence. */
  block(row: number, pool: number, position: number): number {
    return this.memory.word(this.rowWord(row, 3 + pool) + Math.floor(position / KV_BLOCK_TOKENS));
  }

  /** The row that output `output` reads. */
  outputRow(output: number): number {
    return this.memory.word(this.memory.word(1) + output);
  }

  /** What the token of output `output` is drawn with. */
  draw(output: number): StepInputDraw {
    const at = this.memory.word(4) + output * STEP_DRAW_WORDS;
    const [temperature = NaN, topP = NaN, minP = NaN, unit = NaN] = this.memory.floats(at + 1, STEP_DRAW_WORDS - 1);
    return { topK: this.memory.word(at), temperature, topP, minP, unit };
  }

  /** What penalises the logits of output `output`; `null`: nothing. */
  penalties(output: number): (StepInputPenalties & { readonly inverseRepeat: number }) | null {
    const at = this.memory.word(5) + output * STEP_PENALTY_WORDS;
    const tokens = this.memory.word(at);
    if (tokens === 0) return null;
    const [repeat = NaN, inverseRepeat = NaN, presence = NaN, frequency = NaN] = this.memory.floats(at + 1, 4);
    return { tokens, repeat, inverseRepeat, presence, frequency };
  }

  /** cos and sin of the row's position from table `table`, [pairs × 2]. */
  cosSin(row: number, table: number, pairs: number): Float32Array {
    const at = this.memory.word(2) + (table * this.rowCount + row) * pairs * 2;
    return this.memory.floats(at, pairs * 2);
  }

  private rowWord(row: number, word: number): number {
    return this.memory.word(STEP_ROWS + row * STEP_ROW_WORDS + word);
  }
}
