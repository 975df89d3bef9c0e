import type { ErrorCode } from './errors';

export interface ErrorCause {
  /** Why it happens, for whoever writes the caller. */
  readonly cause: string;
  /** Status of an answer over HTTP. 499, as nginx has it: the client went away. */
  readonly httpStatus: number;
}

/** What else is true of each code: for the documents and the daemon. Pages, which show the catalogue, need not fetch it. */
export const ERROR_CAUSES: Readonly<Record<ErrorCode, ErrorCause>> = {
  'no-webgpu': {
    cause: 'The browser or worker has no `navigator.gpu`: it is too old, or the page is not in a secure context.',
    httpStatus: 503,
  },
  'no-adapter': {
    cause: 'WebGPU is there, but gave no adapter: it is blocklisted, switched off, or taken away for a while.',
    httpStatus: 503,
  },
  'missing-feature': {
    cause: 'The adapter lacks a feature or a limit that the model cannot do without, or it computes wrongly.',
    httpStatus: 501,
  },
  'out-of-memory': {
    cause: 'The weights, the KV cache or a step do not fit into the memory that the device gives.',
    httpStatus: 503,
  },
  'device-lost': {
    cause: 'The driver was reset or the GPU process ended, and no other device took over.',
    httpStatus: 503,
  },
  'device-blocked': {
    cause:
      'The device was lost twice in a short time, and the browser gives none for about two minutes. The engine tries again by itself.',
    httpStatus: 503,
  },
  'quota-exceeded': {
    cause: 'The origin’s storage has no room for the file.',
    httpStatus: 507,
  },
  network: {
    cause: 'The source cannot be reached, refused, or broke off more often than a download is taken up again.',
    httpStatus: 502,
  },
  'range-unsupported': {
    cause: 'A download broke off, and its server cannot go on from there.',
    httpStatus: 502,
  },
  'bad-gguf': {
    cause: 'The header, a tensor or the metadata contradict the format or each other, or the file ends too early.',
    httpStatus: 422,
  },
  'corrupt-model': {
    cause:
      'The SHA-256 of the bytes differs from the promised one, a stored copy was damaged, or the model computes NaN.',
    httpStatus: 422,
  },
  'unsupported-architecture': {
    cause: 'The file names an architecture, or a feature of one, that no network here is described for.',
    httpStatus: 501,
  },
  'unsupported-quantisation': {
    cause: 'A tensor has a block format that no kernel reads.',
    httpStatus: 501,
  },
  'invalid-request': {
    cause: 'A field is unknown, has a wrong type or value, or contradicts another; `param` names it.',
    httpStatus: 400,
  },
  'context-overflow': {
    cause: 'The prompt, with one token of an answer, is longer than the context or the whole KV cache.',
    httpStatus: 400,
  },
  busy: {
    cause:
      'As many requests run and wait as `maxConcurrent` and `maxQueued` allow; or a stored model that is to go is in use.',
    httpStatus: 503,
  },
  'request-gone': {
    cause:
      'The state of a live request is no longer there. Only a broken invariant of the engine can do this; it then gives all requests up.',
    httpStatus: 500,
  },
  aborted: {
    cause: 'The caller’s own signal.',
    httpStatus: 499,
  },
  timeout: {
    cause:
      'A step took longer than `timeouts.stepMs`, a request longer than `requestMs`, or a load stood still for `stallMs`. Or the device was lost twice while it worked on a request.',
    httpStatus: 504,
  },
  closed: {
    cause: '`close()` was called, the page was left, or the worker has ended.',
    httpStatus: 503,
  },
  'bridge-unreachable': {
    cause: 'Nothing listens at the daemon’s address.',
    httpStatus: 502,
  },
  'bridge-denied': {
    cause: 'The browser’s permission for the local network was refused, or the daemon does not know the page’s origin.',
    httpStatus: 403,
  },
  'not-paired': {
    cause: 'The daemon knows no pairing with this page.',
    httpStatus: 401,
  },
};
