import type { ErrorCode, ErrorData } from '../../base/errors';

/** Ends of a request that are none of its own: the engine went away under it. */
const BREAKS: ReadonlySet<ErrorCode> = new Set([
  'bridge-unreachable',
  'bridge-denied',
  'not-paired',
  'network',
  'closed',
  'device-lost',
  'device-blocked',
  'no-adapter',
  'request-gone',
]);

export function isBreak({ code }: ErrorData): boolean {
  return BREAKS.has(code);
}

/** Failures after which the bridge is not looked for again: it has said no, and would have to be asked by a person. */
const REFUSALS: ReadonlySet<ErrorCode> = new Set([
  'bridge-denied',
  'not-paired',
  'invalid-request',
  'missing-feature',
  'no-adapter',
]);

export function isRefusal({ code, param }: ErrorData): boolean {
  // Which model is meant is known once this page has loaded it.
  return REFUSALS.has(code) && param !== 'sha256';
}
