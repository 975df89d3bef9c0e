import { errorToData, ForgelightError } from '../base/errors';
import type { FailureCode } from './messages';

/** An error as it is shown. */
export interface Failure {
  readonly code: FailureCode;
  /** The error's own words: technical detail under ours. */
  readonly detail: string;
}

/** A thrown value as a `Failure`. What is no `ForgelightError` is a mistake of ours and is called `unexpected`. */
export function failureOf(error: unknown): Failure {
  const data = errorToData(error, 'closed');
  return { code: error instanceof ForgelightError ? data.code : 'unexpected', detail: data.message };
}

/** After these the engine answers nothing any more: the model must be loaded again. */
export function endsEngine(failure: Failure): boolean {
  return failure.code === 'device-lost' || failure.code === 'closed';
}

/** What may end an engine and an answer together: the model's card then has the full words. */
export function concernsEngine(failure: Failure): boolean {
  return endsEngine(failure) || failure.code === 'out-of-memory';
}
