import { ForgelightError } from '../base/errors';

/** The download failed in a way that may pass: `ResumableDownload` tries again. Nobody else sees it. */
export class TransientFailure extends Error {
  override readonly name = 'TransientFailure';
  /** How long the server asks to wait. */
  readonly retryAfterMs: number | null;

  constructor(message: string, cause?: unknown, retryAfterMs: number | null = null) {
    super(message, { cause });
    this.retryAfterMs = retryAfterMs;
  }
}

const TRANSIENT_STATUSES: readonly number[] = [408, 425, 429, 500, 502, 503, 504];

/** The error for an answer that does not carry the file. */
export function failureOf(response: Response, label: string): ForgelightError | TransientFailure {
  const { status } = response;
  if (TRANSIENT_STATUSES.includes(status)) {
    return new TransientFailure(`the server answered ${status}`, undefined, retryAfterMs(response.headers));
  }
  return new ForgelightError('network', `Could not load ${label}: the server answered ${status}. ${advice(status)}`);
}

function advice(status: number): string {
  switch (status) {
    case 401:
    case 403:
      return (
        'The file is private or gated, or not there. If it is gated, accept the licence on its page and give an access ' +
        'token of yours (hubToken), or download it there and choose it from disk; or use a model that is open to all.'
      );
    case 404:
    case 410:
      return 'There is no such file. Check the address: owner, repository and file name.';
    default:
      return 'Check the address, or try again later.';
  }
}

/**
 * `Retry-After`: seconds, or a date, which is compared with the server's own clock (`Date`), because the user's may be
 * wrong. RFC 9110, 10.2.3.
 */
export function retryAfterMs(headers: Headers): number | null {
  const value = headers.get('retry-after');
  if (value === null) return null;
  if (/^\d+$/.test(value)) return Number(value) * 1000;
  const delayMs = Date.parse(value) - Date.parse(headers.get('date') ?? '');
  return Number.isFinite(delayMs) ? Math.max(0, delayMs) : null;
}
