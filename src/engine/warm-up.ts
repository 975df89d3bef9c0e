import type { Executor } from '../models/executor';

/**
 * Runs every plan once on block 0 before anyone waits for an answer: drivers finish compiling at first use, and with two
 * steps in flight, of greedy requests and others, as many as there will be, the device makes all that it reads back
 * through. What it writes to the KV cache is never read: a sequence reads only positions that it wrote itself.
 */
export async function warmUp(executor: Executor): Promise<void> {
  const rows = [{ token: 0, position: 0, slot: 0, blocks: [0] }];
  const step = (body: 'prefill' | 'decode') =>
    [
      { body, rows, outputs: [0], mode: 'topk' },
      { body: null, rows, outputs: [0], mode: 'argmax' },
    ] as const;
  await Promise.all([...step('prefill'), ...step('decode')].map((submission) => executor.run(submission)));
}
