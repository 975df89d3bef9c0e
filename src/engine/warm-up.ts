import type { EmbeddingExecutor } from '../models/embedding-executor';
import type { Executor, OutputMode } from '../models/executor';

const row = { token: 0, position: 0, slot: 0, blocks: [0] };
const rows = [row];

/**
 * Before anyone waits for an answer: every pipeline runs once, because drivers finish compiling at first use, and one whole
 * step, so that all weights are where the device reads them. With two steps in flight, of greedy requests and others, as many
 * as there will be, the device makes all that it reads back through. What is written to block 0 of the KV cache is never
 * read: a sequence reads only positions that it wrote itself.
 */
export async function warmUp(executor: Executor): Promise<void> {
  await executor.runEveryPipeline(row);
  const outputs = (body: 'decode' | null, mode: OutputMode) => executor.run({ body, rows, outputs: [0], mode });
  await Promise.all([
    outputs('decode', 'topk'),
    outputs(null, 'argmax'),
    outputs(null, 'topk'),
    outputs(null, 'argmax'),
  ]);
}

/** The same of a model that makes embeddings. */
export async function warmUpEmbedder(executor: EmbeddingExecutor): Promise<void> {
  await Promise.all([executor.run(rows, 0), executor.run(rows, 0)]);
}
