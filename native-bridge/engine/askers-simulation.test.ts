import fc from 'fast-check';
import { expect, it } from 'vitest';
import { askersScenario, simulateAskers, type AskersCounts } from '../testing/simulate-askers';

/** A failure prints its seed and path, and `SIMULATION_PATH` begins there. */
const RUNS = Math.max(200, Math.ceil(Number(process.env['SIMULATION_RUNS'] ?? 2000) / 10));
const SEED = Number(process.env['SIMULATION_SEED'] ?? 20261126);
const PATH = process.env['SIMULATION_PATH'];

it(`a load lives as long as somebody waits for it, in ${RUNS} schedules`, { timeout: 60_000 + RUNS * 20 }, async () => {
  const sums = new Map<string, number>();
  const add = (counts: AskersCounts): void => {
    for (const [name, count] of Object.entries(counts)) sums.set(name, (sums.get(name) ?? 0) + count);
  };
  await fc.assert(
    fc.asyncProperty(askersScenario, async (scenario) => add(await simulateAskers(scenario))),
    { numRuns: RUNS, seed: SEED, ...(PATH === undefined ? {} : { path: PATH }) },
  );
  console.log(`${RUNS} schedules from seed ${SEED}: ${JSON.stringify(Object.fromEntries(sums))}`);
  if (PATH !== undefined) return;
  for (const [name, count] of sums) expect(count, name).toBeGreaterThan(RUNS / 50);
});
