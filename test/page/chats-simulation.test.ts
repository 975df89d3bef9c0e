import fc from 'fast-check';
import { expect, it } from 'vitest';
import { chatsScenario, NO_COUNTS, simulateChats, type ChatsCounts } from './simulate-chats';

const SEED = 20261126;
const RUNS = 200;

it('conversations in two tabs: answers end once, nothing is lost, what was deleted stays deleted', async () => {
  const met: ChatsCounts = { ...NO_COUNTS };
  await fc.assert(
    fc.asyncProperty(chatsScenario, async (scenario) => {
      const counts = await simulateChats(scenario);
      for (const key of Object.keys(met) as (keyof ChatsCounts)[]) met[key] += counts[key];
    }),
    // A mistake that was planted has only to be noticed.
    { seed: SEED, numRuns: RUNS, endOnFailure: process.env['PLANTED_BUG'] !== undefined },
  );
  for (const [what, count] of Object.entries(met)) expect(count, what).toBeGreaterThan(RUNS / 20);
});
