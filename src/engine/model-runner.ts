import { assert, defined } from '../base/assert';
import type { Executor, RowOutput, StepInputRow } from '../models/executor';
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

  /** One submission, and one more for each further `maxOutputs`. */
  async submit(batch: StepBatch): Promise<readonly StepResult[]> {
    const { kind } = batch;
    const { maxChunkTokens, maxDecodeRows } = this.limits;
    assert(batch.rows.length <= (kind === 'prefill' ? maxChunkTokens : maxDecodeRows), 'a step fits the plan');
    const rows = withBlocks(batch);
    const outputs = batch.outputs.map(ofText);
    const running = [this.executor.run({ body: kind, rows, outputs: outputs.slice(0, this.maxOutputs) })];
    for (let at = this.maxOutputs; at < outputs.length; at += this.maxOutputs)
      running.push(this.executor.run({ body: null, rows, outputs: outputs.slice(at, at + this.maxOutputs) }));
    return (await Promise.all(running)).flat();
  }
}

function ofText(output: StepOutput): RowOutput {
  assert(output.mode !== 'embedding', 'the model makes no embeddings');
  return output;
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
