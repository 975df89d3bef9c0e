import { assert, defined } from '../base/assert';
import type { Executor, Output, OutputMode, StepInputPenalties, StepInputRow } from '../models/executor';
import type { Draw } from '../sampling/draw';
import type { Runner, RunnerLimits, StepBatch, StepOutput, StepResult, StepRow } from './runner';

/** What `sample` draws with it is what `argmax` chooses, to the bit: the best of the logits, the lowest id among equals, NaN before all. */
const GREEDY_DRAW: Draw = { topK: 1, temperature: 1, topP: 1, minP: 0, unit: 0 };

/** The Runner port over a model on a device. */
export class ModelRunner implements Runner {
  readonly limits: RunnerLimits;
  private readonly maxOutputs: number;

  constructor(private readonly executor: Executor) {
    const { maxOutputs, ...limits } = executor.limits;
    this.limits = limits;
    this.maxOutputs = maxOutputs;
  }

  /**
   * One submission where the device chooses for all outputs, whoever is greedy; one more where others want their logits, and for each further
   * `maxOutputs` of either.
   */
  async submit(batch: StepBatch): Promise<readonly StepResult[]> {
    const { kind } = batch;
    const { maxChunkTokens, maxDecodeRows } = this.limits;
    assert(batch.rows.length <= (kind === 'prefill' ? maxChunkTokens : maxDecodeRows), 'a step fits the plan');
    const rows = withBlocks(batch);
    const groups = groupOutputs(batch.outputs, this.maxOutputs);
    const running = groups.map(({ mode, outputs }, index) =>
      this.executor.run({
        body: index === 0 ? kind : null,
        rows,
        mode,
        outputs: outputs.map(({ row }) => row),
        draws: mode === 'sample' ? outputs.map((output) => (output.mode === 'sample' ? output.draw : GREEDY_DRAW)) : [],
        penalties: outputs.map(penaltiesOf),
      }),
    );
    const results = new Map<StepOutput, StepResult>();
    (await Promise.all(running)).forEach((found, index) => {
      groups[index]?.outputs.forEach((output, at) =>
        results.set(output, resultOf(output, defined(found[at], 'a result an output'))),
      );
    });
    return batch.outputs.map((output) => defined(results.get(output), 'the result of an output'));
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

function penaltiesOf(output: StepOutput): StepInputPenalties | null {
  return output.mode === 'argmax' || output.mode === 'sample' ? (output.penalties ?? null) : null;
}

/** A greedy choice is one, however the device came to it. */
function resultOf({ mode }: StepOutput, found: Output): StepResult {
  return mode === 'argmax' && found.mode === 'sample' ? { ...found, mode } : found;
}

interface OutputGroup {
  readonly mode: OutputMode;
  /** At most as many as one submission takes. */
  readonly outputs: readonly StepOutput[];
}

/** The outputs by their modes, greedy ones among those that are drawn; one empty group where there are none. */
function groupOutputs(outputs: readonly StepOutput[], most: number): readonly OutputGroup[] {
  const groups: { mode: OutputMode; outputs: StepOutput[] }[] = [];
  const chosen = outputs.some(({ mode }) => mode === 'sample') ? 'sample' : 'argmax';
  for (const output of outputs) {
    assert(output.mode !== 'embedding', 'the model makes no embeddings');
    const mode = output.mode === 'logits' ? output.mode : chosen;
    const open = groups.find((group) => group.mode === mode && group.outputs.length < most);
    if (open === undefined) groups.push({ mode, outputs: [output] });
    else open.outputs.push(output);
  }
  return groups.length > 0 ? groups : [{ mode: 'argmax', outputs: [] }];
}
