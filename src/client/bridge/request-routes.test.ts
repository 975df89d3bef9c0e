import fc from 'fast-check';
import { describe, it } from 'vitest';
import { RouteSimulation, STEPS } from './testing/route-simulation';

const RUNS = 150;
/** What there is most of in life comes most often. */
const step = fc.record({
  does: fc.oneof(
    { weight: 4, arbitrary: fc.constant('deliver' as const) },
    { weight: 2, arbitrary: fc.constantFrom('submit', 'open', 'use bridge', 'use webgpu') },
    { weight: 1, arbitrary: fc.constantFrom('break a place', 'cancel one that waits') },
    { weight: 3, arbitrary: fc.constantFrom(...STEPS) },
  ),
  pick: fc.nat({ max: 11 }),
});

describe('requests between two engines', () => {
  it('end once, with each token once and in order, whatever breaks, moves or is cancelled when', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('bridge' as const, 'webgpu' as const),
        fc.array(step, { maxLength: 40, size: 'max' }),
        (preferred, steps) => new RouteSimulation(preferred).run(steps),
      ),
      { seed: 20_261_126, numRuns: RUNS },
    );
  });
});
