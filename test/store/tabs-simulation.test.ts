import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { simulateTabs, tabsScenario } from './simulate-tabs';

const RUNS = Math.max(100, Math.ceil(Number(process.env['SIMULATION_RUNS'] ?? 2000) / 80));
const SEED = Number(process.env['SIMULATION_SEED'] ?? 20260801);
const PATH = process.env['SIMULATION_PATH'];

describe('several tabs that want one model', () => {
  it(`download it once, also when some are closed, in ${RUNS} orders`, { timeout: 60_000 + RUNS * 200 }, async () => {
    const sums = { died: 0, takenOver: 0, watched: 0 };
    await fc.assert(
      fc.asyncProperty(tabsScenario, async (scenario) => {
        const counts = await simulateTabs(scenario);
        sums.died += counts.died;
        sums.takenOver += counts.takenOver;
        sums.watched += counts.watched;
      }),
      { numRuns: RUNS, seed: SEED, ...(PATH === undefined ? {} : { path: PATH }) },
    );
    console.log(`${RUNS} orders from seed ${SEED}: ${JSON.stringify(sums)}`);
    if (PATH !== undefined) return;
    for (const [name, count] of Object.entries(sums)) expect(count, name).toBeGreaterThan(RUNS / 50);
  });
});
