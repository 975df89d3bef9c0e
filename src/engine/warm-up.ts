import type { EmbeddingExecutor } from '../models/embedding-executor';
import type { Executor, RowOutput } from '../models/executor';

const row = { token: 0, position: 0, slot: 0, blocks: [0] };
const rows = [row];
const draw = { topK: 1, temperature: 1, topP: 1, minP: 0, unit: 0 };
const penalties = { repeat: 1, presence: 0, frequency: 0, tokens: 1 };

/**
 * Before anyone waits for an answer: every pipeline runs once, because drivers finish compiling at first use, and one whole
 * step, so that all weights are where the device reads them. With two steps in flight, of greedy and of sampled requests, as many
 * as there will be, the device makes all that it reads back through. What is written to block 0 of the KV cache is never
 * read: a sequence reads only positions that it wrote itself.
 */
export async function warmUp(executor: Executor): Promise<void> {
  await executor.runEveryPipeline(row, draw, penalties);
  const step = (body: 'decode' | null, output: RowOutput) => executor.run({ body, rows, outputs: [output] });
  const greedy: RowOutput = { row: 0, mode: 'argmax' };
  const sampled: RowOutput = { row: 0, mode: 'sample', draw };
  await Promise.all([step('decode', sampled), step(null, greedy), step(null, sampled), step(null, greedy)]);
}

/** The same of a model that makes embeddings. */
export async function warmUpEmbedder(executor: EmbeddingExecutor): Promise<void> {
  await executor.runEveryPipeline(row);
  await Promise.all([executor.run(rows, 0), executor.run(rows, 0)]);
}
