import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { scenario } from './scenario';
import { simulate } from './simulate';

/** `SIMULATION_RUNS=1000000 npx vitest run test/simulation` for a long night; a failure prints its seed and path. */
const RUNS = Number(process.env['SIMULATION_RUNS'] ?? 20_000);
const SEED = Number(process.env['SIMULATION_SEED'] ?? 20260801);

describe('the actor under simulation', () => {
  it(`keeps its promises in ${RUNS} schedules`, { timeout: 60_000 + RUNS * 20 }, async () => {
    const outcomes = new Map<string, number>();
    await fc.assert(
      fc.asyncProperty(scenario, async (value) => {
        const { journals } = await simulate(value);
        for (const { ended } of journals) {
          const kind = ended?.outcome.kind === 'failed' ? ended.outcome.error.code : (ended?.outcome.kind ?? 'none');
          outcomes.set(kind, (outcomes.get(kind) ?? 0) + 1);
        }
      }),
      { numRuns: RUNS, seed: SEED },
    );
    // The schedules reach every way to end that there is.
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
    expect([...outcomes.keys()].toSorted()).toEqual(expected.toSorted());
  });
});
