import fc from 'fast-check';
import { expect, it } from 'vitest';
import { simulateSupervisor, supervisorScenario, type SupervisorCounts } from '../testing/simulate-supervisor';

/** A failure prints its seed and path, and `SIMULATION_PATH` begins there. */
const RUNS = Math.max(300, Math.ceil(Number(process.env['SIMULATION_RUNS'] ?? 2000) / 5));
const SEED = Number(process.env['SIMULATION_SEED'] ?? 20261126);
const PATH = process.env['SIMULATION_PATH'];

it(`the supervisor keeps its promises in ${RUNS} schedules`, { timeout: 60_000 + RUNS * 20 }, async () => {
  const sums = new Map<string, number>();
  const add = (counts: SupervisorCounts): void => {
    for (const [name, count] of Object.entries(counts)) sums.set(name, (sums.get(name) ?? 0) + count);
  };
  await fc.assert(
    fc.asyncProperty(supervisorScenario, async (scenario) => add(await simulateSupervisor(scenario))),
    { numRuns: RUNS, seed: SEED, ...(PATH === undefined ? {} : { path: PATH }) },
  );
  console.log(`${RUNS} schedules from seed ${SEED}: ${JSON.stringify(Object.fromEntries(sums))}`);
  if (PATH !== undefined) return;
  for (const [name, count] of sums) expect(count, name).toBeGreaterThan(RUNS / 50);
});
