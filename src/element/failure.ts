import { ERROR_CODES, errorToData } from '../base/errors';
import type { FailureCode } from './messages';

/** The cause of an error about a model that makes embeddings, where one is wanted that writes text. */
export const NO_CHAT = 'no-chat';

/** An error as it is shown. */
export interface Failure {
  readonly code: FailureCode;
  /** The error's own words: technical detail under ours. */
  readonly detail: string;
}

/**
 * A thrown value as a `Failure`. What is no `ForgelightError` is a mistake of ours and is called `unexpected`. An engine that a page has
 * made with another copy of the package throws that copy's class, so it is known by its name.
 */
export function failureOf(error: unknown): Failure {
  if (error instanceof Error && error.name === 'ForgelightError' && 'code' in error) {
    const code = error.cause === NO_CHAT ? NO_CHAT : ERROR_CODES.find((known) => known === error.code);
    if (code !== undefined) return { code, detail: error.message };
  }
  return { code: 'unexpected', detail: errorToData(error, 'closed').message };
}

/** After these the engine answers nothing any more: the model must be loaded again. */
export function endsEngine(failure: Failure): boolean {
  return failure.code === 'device-lost' || failure.code === 'closed';
}

/** What may end an engine and an answer together: the model's card then has the full words. */
export function concernsEngine(failure: Failure): boolean {
  return endsEngine(failure) || failure.code === 'out-of-memory';
}
