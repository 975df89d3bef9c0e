import { assert, defined } from '../base/assert';
import type { Executor, OutputMode, StepInputRow } from '../models/executor';
import type { Runner, RunnerLimits, StepBatch, StepOutput, StepResult, StepRow } from './runner';

/** The Runner port over a model on a device. */
export class ModelRunner implements Runner {
  readonly limits: RunnerLimits;
  private readonly maxOutputs: number;

  constructor(private readonly executor: Executor) {
    const { maxOutputs, ...limits } = executor.limits;
    this.limits = limits;
    this.maxOutputs = maxOutputs;
  }

  /** One submission, and one more for each further `maxOutputs` outputs or change of their mode. */
  async submit(batch: StepBatch): Promise<readonly StepResult[]> {
    const { kind } = batch;
    const { maxChunkTokens, maxDecodeRows } = this.limits;
    assert(batch.rows.length <= (kind === 'prefill' ? maxChunkTokens : maxDecodeRows), 'a step fits the plan');
    const rows = withBlocks(batch);
    const [first, ...rest] = groupOutputs(batch.outputs, this.maxOutputs);
    const { mode, outputs } = first ?? { mode: 'argmax', outputs: [] };
    const results = [this.executor.run({ body: kind, rows, outputs, mode })];
    for (const group of rest) results.push(this.executor.run({ body: null, rows, ...group }));
    return (await Promise.all(results)).flat();
  }
}

/** Rows of one sequence share its tables. A place of the window's table that nothing reads holds a block all the same. */
export function withBlocks(batch: StepBatch): (StepRow & Pick<StepInputRow, 'blocks' | 'windowBlocks'>)[] {
  const tables = new Map(
    batch.sequences.map(({ slot, blocks, windowBlocks }) => [
      slot,
      { blocks, windowBlocks: windowBlocks.map((block) => block ?? 0) },
    ]),
  );
  return batch.rows.map((row) => ({ ...row, ...defined(tables.get(row.slot), `blocks of slot ${row.slot}`) }));
}

interface OutputGroup {
  readonly mode: OutputMode;
  /** Rows, at most as many as one submission takes. */
  readonly outputs: readonly number[];
}

/** Neighbouring outputs of one mode. */
function groupOutputs(outputs: readonly StepOutput[], most: number): readonly OutputGroup[] {
  const groups: { mode: OutputMode; outputs: number[] }[] = [];
  for (const { row, mode } of outputs) {
    assert(mode !== 'embedding', 'the model makes no embeddings');
    const last = groups.at(-1);
    if (last !== undefined && last.outputs.length < most && last.mode === mode) last.outputs.push(row);
    else groups.push({ mode, outputs: [row] });
  }
  return groups;
}
