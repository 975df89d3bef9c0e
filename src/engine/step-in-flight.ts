import { defined } from '../base/assert';
import type { Runner } from './runner';
import type { Step, StepOutcome } from './step';

/** A step that the device works on. `settle` ends the wait for it: the first outcome counts. */
export interface StepInFlight extends Step {
  readonly runner: Runner;
  readonly settled: Promise<StepOutcome>;
  readonly settle: (outcome: StepOutcome) => void;
}

/** Submits the step at once. An async function, so that a throw while encoding is a rejection like any other. */
export function submitStep(step: Step, runner: Runner): StepInFlight {
  const { promise: settled, settle } = createOutcome();
  const submitted = (async () => runner.submit(step.batch))();
  void submitted.then(
    (results) => settle({ kind: 'results', results }),
    (error: unknown) => settle({ kind: 'failed', error }),
  );
  return { ...step, runner, settled, settle };
}

function createOutcome(): { promise: Promise<StepOutcome>; settle: (outcome: StepOutcome) => void } {
  let settle: ((outcome: StepOutcome) => void) | undefined;
  const promise = new Promise<StepOutcome>((resolve) => {
    settle = resolve;
  });
  return { promise, settle: defined(settle, 'resolver of a promise') };
}
