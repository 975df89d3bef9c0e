import { assert } from '../base/assert';
import type { EmbeddingExecutor } from '../models/embedding-executor';
import { withBlocks } from './model-runner';
import type { Runner, RunnerLimits, StepBatch, StepResult } from './runner';

/** The Runner port over a model that makes embeddings. */
export class EmbeddingRunner implements Runner {
  readonly limits: RunnerLimits;

  constructor(private readonly executor: EmbeddingExecutor) {
    const { maxOutputs: _, ...limits } = executor.limits;
    this.limits = limits;
  }

  async submit(batch: StepBatch): Promise<readonly StepResult[]> {
    const { kind, rows, sequences, outputs } = batch;
    assert(kind === 'prefill' && rows.length <= this.limits.maxChunkTokens, 'a step fits the plan');
    assert(sequences.length === 1 && outputs.length <= 1, 'a step is of one text');
    const [output] = outputs;
    assert(output === undefined || output.mode === 'embedding', 'the model makes embeddings only');
    const embedding = await this.executor.run(withBlocks(batch), output?.row ?? null);
    return embedding === null ? [] : [{ mode: 'embedding', embedding }];
  }
}
