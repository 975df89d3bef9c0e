/** Every way in which a call can fail, the same over every port and socket. */
export const ERROR_CODES = [
  'no-webgpu',
  'no-adapter',
  'missing-feature',
  'out-of-memory',
  'device-lost',
  'device-blocked',
  'quota-exceeded',
  'network',
  'range-unsupported',
  'bad-gguf',
  'corrupt-model',
  'unsupported-architecture',
  'unsupported-quantisation',
  'invalid-request',
  'context-overflow',
  'busy',
  'request-gone',
  'aborted',
  'timeout',
  'closed',
  'bridge-unreachable',
  'bridge-denied',
  'not-paired',
] as const;

export type ErrorCode = (typeof ERROR_CODES)[number];

export interface ErrorDetails {
  /** The request field at fault, in OpenAI's spelling (`temperature`, `messages[2].content`). */
  readonly param?: string;
  readonly requestId?: number;
  readonly cause?: unknown;
}

/** The one error class that users see. `message` says what happened and what to do about it. */
export class ForgelightError extends Error {
  override readonly name = 'ForgelightError';
  readonly code: ErrorCode;
  readonly param?: string;
  readonly requestId?: number;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    if (details.param !== undefined) this.param = details.param;
    if (details.requestId !== undefined) this.requestId = details.requestId;
  }
}

/** The error as plain data: what crosses a port or a socket. */
export interface ErrorData {
  readonly code: ErrorCode;
  readonly message: string;
  readonly param?: string;
  readonly requestId?: number;
}

/** Plain data of any thrown value. What is not a `ForgelightError` keeps its text under `fallback`. */
export function errorToData(error: unknown, fallback: ErrorCode): ErrorData {
  if (error instanceof ForgelightError) {
    return {
      code: error.code,
      message: error.message,
      ...(error.param === undefined ? {} : { param: error.param }),
      ...(error.requestId === undefined ? {} : { requestId: error.requestId }),
    };
  }
  return { code: fallback, message: error instanceof Error ? error.message : String(error) };
}

/** The inverse of `errorToData`. */
export function errorFromData(data: ErrorData): ForgelightError {
  return new ForgelightError(data.code, data.message, data);
}
