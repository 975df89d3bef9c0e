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

export const violation: FindViolation = async (seed, runs) => {
  const property = fc.asyncProperty(scenario, async (value) => void (await simulate(value)));
  const { failed, errorInstance, numRuns } = await fc.check(property, { seed, numRuns: runs, endOnFailure: true });
  return failed ? { error: errorInstance, schedules: numRuns } : null;
};
