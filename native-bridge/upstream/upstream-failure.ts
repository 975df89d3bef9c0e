import { defined } from '../../src/base/assert';
import { ERROR_CAUSES } from '../../src/base/error-causes';
import { ERROR_CODES, type ErrorCode, type ForgelightError } from '../../src/base/errors';
import { retryAfterMs } from '../../src/store/http-failure';
import { StatusError } from '../server/status-error';

export interface FailureDetails {
  /** `again`: it may pass. `elsewhere`: this upstream will say the same again, another one may not. `none`: so will each. */
  readonly remedy: 'again' | 'elsewhere' | 'none';
  /** It is there and does its work, whatever it thinks of this request. */
  readonly isUp: boolean;
  /** How long it asks to be left alone. */
  readonly retryAfterMs?: number | null;
  /** Too much is asked of it: HTTP's 429. */
  readonly isRateLimit?: boolean;
  readonly param?: string;
  readonly cause?: unknown;
}

/** One try with one upstream failed. Its message goes on from "Upstream X". Nobody outside of this folder sees it. */
export class UpstreamFailure extends Error {
  override readonly name = 'UpstreamFailure';
  readonly remedy: FailureDetails['remedy'];
  readonly isUp: boolean;
  readonly retryAfterMs: number | null;
  readonly isRateLimit: boolean;
  private readonly param: string | undefined;

  constructor(
    readonly code: ErrorCode,
    message: string,
    details: FailureDetails,
  ) {
    super(message, { cause: details.cause });
    this.remedy = details.remedy;
    this.isUp = details.isUp;
    this.retryAfterMs = details.retryAfterMs ?? null;
    this.isRateLimit = details.isRateLimit ?? false;
    this.param = details.param;
  }

  /** As users see it, with the status of its code or another one. */
  told(name: string, more = '', status = ERROR_CAUSES[this.code].httpStatus): ForgelightError {
    const { cause, param, retryAfterMs } = this;
    const details = { cause, retryAfterMs, ...(param !== undefined && { param }) };
    return new StatusError(status, this.code, `Upstream ${name} ${this.message}${more}`, details);
  }
}

export interface FailedUpstream {
  readonly name: string;
  readonly failure: UpstreamFailure;
}

const TOO_MANY_REQUESTS = 429;

/**
 * What is told where nobody is left to ask. That is the first failure, unless too much was asked of all of them: then it is that of the one which
 * wants to be left alone for the shortest time, and a client that keeps to it finds somebody. Where others failed otherwise, the client did not ask
 * too much.
 */
export function toldOfAll(all: readonly FailedUpstream[]): ForgelightError {
  const first = defined(all[0], 'a failure');
  if (!all.every(({ failure }) => failure.isRateLimit)) return first.failure.told(first.name);
  const waitOf = ({ failure }: FailedUpstream): number => failure.retryAfterMs ?? Number.POSITIVE_INFINITY;
  const soonest = all.reduce((best, each) => (waitOf(each) < waitOf(best) ? each : best));
  return soonest.failure.told(soonest.name, '', TOO_MANY_REQUESTS);
}

/** The connection could not be made, or broke. */
export function connectionFailure(cause: unknown): UpstreamFailure {
  const reason = reasonOf(cause);
  const what = `cannot be reached (${reason}). Look whether it runs, and whether the address is right.`;
  return new UpstreamFailure('network', what, { remedy: 'again', isUp: false, cause });
}

/** `fetch` says no more than "fetch failed"; its cause knows. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  if (cause instanceof Error) return 'code' in cause && typeof cause.code === 'string' ? cause.code : cause.message;
  return error.message;
}

const LONGEST_QUOTE = 500;

/** What an upstream says of an error; all of it may be missing. */
interface Said {
  readonly message: string;
  readonly kinds: readonly string[];
  readonly param: string | null;
}

/**
 * The failure for an answer that is none: its status, and its body as it came. `secret` is what the message must not repeat, which servers do
 * ("Incorrect API key: …").
 */
export function answerFailure(
  status: number,
  body: unknown,
  { headers = new Headers(), secret }: { readonly headers?: Headers; readonly secret: string | null },
): UpstreamFailure {
  const said = readError(body);
  const [code, advice, details] = judged(status, said, retryAfterMs(headers));
  const message = secret === null ? said.message : said.message.replaceAll(secret, '…');
  const quote = message === '' ? '' : `: "${message.slice(0, LONGEST_QUOTE)}"`;
  const param = said.param === null ? {} : { param: said.param };
  return new UpstreamFailure(code, `answered ${status}${quote}.${advice}`, { ...details, ...param });
}

type Judged = readonly [code: ErrorCode, advice: string, details: FailureDetails];

function judged(status: number, said: Said, waitMs: number | null): Judged {
  const again: FailureDetails = { remedy: 'again', isUp: false, retryAfterMs: waitMs };
  const own = said.kinds.find((kind): kind is ErrorCode => ERROR_CODES.some((code) => code === kind));
  if (said.kinds.some((kind) => kind.includes('context')) || own === 'context-overflow') {
    return ['context-overflow', ' Start a new chat, or write a shorter message.', { remedy: 'none', isUp: true }];
  }
  if (status >= 300 && status < 400) {
    return ['network', ' Give the address that it redirects to.', { remedy: 'elsewhere', isUp: false }];
  }
  switch (status) {
    case 401:
    case 403:
      return ['network', ' Set FORGELIGHT_UPSTREAM_KEY to a key of it.', { remedy: 'elsewhere', isUp: false }];
    case 404:
      return [
        'invalid-request',
        ' Look at the address and the name of the model.',
        { remedy: 'elsewhere', isUp: true },
      ];
    case 408:
    case 504:
      return ['timeout', ' Try again later.', again];
    case 429:
      return [
        'busy',
        ' Try again later.',
        { ...again, remedy: waitMs === null ? 'elsewhere' : 'again', isUp: true, isRateLimit: true },
      ];
    case 502:
      return ['network', ' Try again later.', again];
    case 503:
      return ['busy', ' Try again later.', again];
    default:
      return status >= 500
        ? [own ?? 'network', ' Its log may say why.', { remedy: 'none', isUp: false }]
        : ['invalid-request', '', { remedy: 'none', isUp: true }];
  }
}

/** `{error: {message, type, code, param}}` as OpenAI has it, `{error: "…"}`, `{message}`, `{detail}` as others do, or text. */
function readError(body: unknown): Said {
  if (typeof body === 'string') {
    try {
      return readError(JSON.parse(body) as unknown);
    } catch {
      return { message: /^\s*</.test(body) ? '' : body.trim(), kinds: [], param: null };
    }
  }
  if (!isRecord(body)) return { message: '', kinds: [], param: null };
  const error = body['error'] ?? body;
  if (typeof error === 'string') return { message: error, kinds: [], param: null };
  if (!isRecord(error)) return { message: '', kinds: [], param: null };
  const message = error['message'] ?? error['detail'];
  const kinds = [error['code'], error['type']].filter((kind) => typeof kind === 'string');
  const { param } = error;
  return {
    message: typeof message === 'string' ? message : '',
    kinds,
    param: typeof param === 'string' ? param : null,
  };
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
