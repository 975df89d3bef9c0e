import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Coverage } from './coverage';
import { scenario } from './scenario';
import { simulate } from './simulate';

/** `npm test` runs more, `npm run test:simulation` a million. A failure prints its seed and path, and `SIMULATION_PATH` begins there. */
const RUNS = Number(process.env['SIMULATION_RUNS'] ?? 2000);
const SEED = Number(process.env['SIMULATION_SEED'] ?? 20260801);
const PATH = process.env['SIMULATION_PATH'];

describe('the actor under simulation', () => {
  it(`keeps its promises in ${RUNS} schedules`, { timeout: 60_000 + RUNS * 20 }, async () => {
    const coverage = new Coverage();
    await fc.assert(
      fc.asyncProperty(scenario, async (value) => coverage.add(await simulate(value))),
      { numRuns: RUNS, seed: SEED, ...(PATH === undefined ? {} : { path: PATH }) },
    );
    console.log(`${RUNS} schedules from seed ${SEED}: ${coverage.toString()}`);
    if (PATH !== undefined) return;
    // The schedules reach every way to end that there is, and every way to get on.
    const expected = [
      'stop',
      'length',
      'cancelled',
      'timed_out',
      'busy',
      'closed',
      'device-lost',
      'device-blocked',
      'timeout',
      'out-of-memory',
      'corrupt-model',
      'context-overflow',
      'invalid-request',
    ];
    expect([...coverage.ends.keys()].toSorted()).toEqual(expected.toSorted());
    for (const [name, count] of Object.entries(coverage.counts)) expect(count, name).toBeGreaterThan(RUNS / 100);
  });
});
