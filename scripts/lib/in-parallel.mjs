import { availableParallelism } from 'node:os';

/** As many at once as there are cores. @template T @param {readonly T[]} jobs @param {(job: T) => Promise<void>} run */
export async function inParallel(jobs, run) {
  const left = [...jobs];
  const worker = async () => {
    for (let job = left.shift(); job !== undefined; job = left.shift()) await run(job);
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
}
