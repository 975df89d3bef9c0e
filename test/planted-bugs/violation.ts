import fc from 'fast-check';
import { scenario } from '../simulation/scenario';
import { simulate } from '../simulation/simulate';

export interface Violation {
  readonly error: unknown;
  /** How many schedules it took. */
  readonly schedules: number;
}

/** The first violation in `runs` schedules, or `null`. */
export type FindViolation = (seed: number, runs: number) => Promise<Violation | null>;

/** Of a simulation that throws where a promise is broken. */
export async function firstViolation<T>(
  scenarios: fc.Arbitrary<T>,
  run: (value: T) => Promise<unknown>,
  { seed, runs }: { readonly seed: number; readonly runs: number },
): Promise<Violation | null> {
  const property = fc.asyncProperty(scenarios, async (value) => void (await run(value)));
  const { failed, errorInstance, numRuns } = await fc.check(property, { seed, numRuns: runs, endOnFailure: true });
  return failed ? { error: errorInstance, schedules: numRuns } : null;
}

export const violation: FindViolation = (seed, runs) => firstViolation(scenario, simulate, { seed, runs });
