import type { Executor } from '../models/executor';

/**
 * Runs every plan once on block 0 before anyone waits for an answer: drivers finish compiling at first use, and with two
 * steps in flight, as many as there will be, the device makes all that it reads back through. What it writes to the KV
 * cache is never read: a sequence reads only positions that it wrote itself.
 */
export async function warmUp(executor: Executor): Promise<void> {
  const row = { token: 0, position: 0, slot: 0, blocks: [0] };
  const rows = [row];
  await executor.runEveryBatch(row);
  await Promise.all([
    executor.run({ body: 'prefill', rows, outputs: [0], mode: 'topk' }),
    executor.run({ body: 'decode', rows, outputs: [0], mode: 'argmax' }),
  ]);
}
