import { ERROR_CAUSES } from '../../src/base/error-causes';
import { ForgelightError, errorToData, type ErrorCode, type ErrorDetails } from '../../src/base/errors';

export interface StatusErrorDetails extends ErrorDetails {
  /** How long somebody else, whose failure it is, asked to be left alone; `null` where that was not said. */
  readonly retryAfterMs?: number | null;
}

/** A failure of which HTTP can say more than its code does: another status than the usual one, or when to come back. */
export class StatusError extends ForgelightError {
  readonly retryAfterMs: number | null;

  constructor(
    readonly status: number,
    code: ErrorCode,
    message: string,
    details: StatusErrorDetails = {},
  ) {
    super(code, message, details);
    this.retryAfterMs = details.retryAfterMs ?? null;
  }
}

/** Nobody comes back after a time that is longer, or was not meant. */
const LONGEST_RETRY_AFTER_S = 3600;

/** `Retry-After` of an answer, in whole seconds; `null`: it has none. */
export function retryAfterS(error: unknown): number | null {
  if (error instanceof StatusError && error.retryAfterMs !== null) {
    return Math.min(LONGEST_RETRY_AFTER_S, Math.max(1, Math.ceil(error.retryAfterMs / 1000)));
  }
  return error instanceof ForgelightError && error.code === 'busy' ? 1 : null;
}

/** A failure as OpenAI's clients read it, with its status. What nobody foresaw keeps its text to itself: it may name paths. */
export interface ErrorAnswer {
  readonly status: number;
  readonly body: {
    readonly error: {
      readonly code: ErrorCode;
      readonly message: string;
      readonly type: string;
      readonly param: string | null;
    };
  };
}

export function errorAnswer(error: unknown): ErrorAnswer {
  const known = foreseen(error);
  const { code, message, param = null } = errorToData(known, 'request-gone');
  const status = known instanceof StatusError ? known.status : ERROR_CAUSES[code].httpStatus;
  return { status, body: { error: { code, message, type: typeOf(status), param } } };
}

function foreseen(error: unknown): ForgelightError {
  if (error instanceof ForgelightError) return error;
  if (error instanceof DOMException && error.name === 'AbortError') {
    return new ForgelightError('aborted', 'The request was stopped.');
  }
  return new ForgelightError('request-gone', 'The daemon failed at this request; its log says more. Send it again.');
}

/** OpenAI's names for kinds of failures. */
function typeOf(status: number): string {
  switch (status) {
    case 401:
      return 'authentication_error';
    case 403:
      return 'permission_error';
    case 404:
      return 'not_found_error';
    case 429:
      return 'rate_limit_error';
    default:
      return status < 500 ? 'invalid_request_error' : 'server_error';
  }
}
