import { KIB, MIB } from '../../src/base/units';

/** How much the daemon takes from its clients, and how long it waits for them. */
export interface Limits {
  readonly maxHeaderBytes: number;
  readonly maxBodyBytes: number;
  /** The same of callers without a token or a key. */
  readonly maxOpenBodyBytes: number;
  readonly maxConnections: number;
  /** Calls that compute at once; the engine has a queue of its own within. */
  readonly maxWork: number;
  /** From a connection's first moment, or the end of its last answer's request, to the end of a request's headers. */
  readonly headersMs: number;
  /** The same to the end of its body. */
  readonly requestMs: number;
  /** A connection without a request. */
  readonly idleMs: number;
  /** How long a client may read nothing of what waits for it. */
  readonly stallMs: number;
  /** A stream says that often that it lives. */
  readonly keepAliveMs: number;
  /** How often the first two are looked at. */
  readonly checkMs: number;
  /** What is under way may go on for so long when the daemon ends. */
  readonly drainMs: number;
}

export const DEFAULT_LIMITS: Limits = {
  maxHeaderBytes: 16 * KIB,
  maxBodyBytes: 8 * MIB,
  maxOpenBodyBytes: 4 * KIB,
  maxConnections: 512,
  maxWork: 96,
  headersMs: 10_000,
  requestMs: 30_000,
  idleMs: 65_000,
  stallMs: 60_000,
  keepAliveMs: 15_000,
  checkMs: 2_000,
  drainMs: 10_000,
};
