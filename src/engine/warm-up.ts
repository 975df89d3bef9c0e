import type { EmbeddingExecutor } from '../models/embedding-executor';
import type { Executor } from '../models/executor';

const row = { token: 0, position: 0, slot: 0, blocks: [0] };
const rows = [row];

/**
 * Runs every plan once on block 0 before anyone waits for an answer: drivers finish compiling at first use, and with two
 * steps in flight, of greedy requests and others, as many as there will be, the device makes all that it reads back
 * through. What it writes to the KV cache is never read: a sequence reads only positions that it wrote itself.
 */
export async function warmUp(executor: Executor): Promise<void> {
  await executor.runEveryBatch(row);
  const step = (body: 'prefill' | 'decode') =>
    [
      { body, rows, outputs: [0], mode: 'topk' },
      { body: null, rows, outputs: [0], mode: 'argmax' },
    ] as const;
  await Promise.all([...step('prefill'), ...step('decode')].map((submission) => executor.run(submission)));
}

/** The same of a model that makes embeddings. */
export async function warmUpEmbedder(executor: EmbeddingExecutor): Promise<void> {
  await Promise.all([executor.run(rows, 0), executor.run(rows, 0)]);
}
