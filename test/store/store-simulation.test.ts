import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { simulateStore, type StoreCounts } from './simulate-store';
import { storeScenario } from './store-scenario';

/** A failure prints its seed and path, and `SIMULATION_PATH` begins there. */
const RUNS = Math.max(200, Math.ceil(Number(process.env['SIMULATION_RUNS'] ?? 2000) / 40));
const SEED = Number(process.env['SIMULATION_SEED'] ?? 20260801);
const PATH = process.env['SIMULATION_PATH'];

describe('the store under simulation', () => {
  it(`keeps its promises in ${RUNS} scenarios`, { timeout: 60_000 + RUNS * 100 }, async () => {
    const sums = new Map<string, number>();
    const add = (counts: StoreCounts): void => {
      for (const [name, count] of Object.entries(counts)) sums.set(name, (sums.get(name) ?? 0) + count);
    };
    await fc.assert(
      fc.asyncProperty(storeScenario, async (scenario) => add(await simulateStore(scenario))),
      { numRuns: RUNS, seed: SEED, ...(PATH === undefined ? {} : { path: PATH }) },
    );
    console.log(`${RUNS} scenarios from seed ${SEED}: ${JSON.stringify(Object.fromEntries(sums))}`);
    if (PATH !== undefined) return;
    for (const [name, count] of sums) expect(count, name).toBeGreaterThan(RUNS / 50);
  });
});
