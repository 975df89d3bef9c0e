import type { Timeouts } from './engine-port';
import { nearestWord } from './nearest-word';
import { MAX_INT32 } from './sampling-ranges';
import { describeValue, invalidField } from './schema-parse';

/** Long enough for a software adapter; a request may be an hour of slow tokens, but a step is never minutes. */
export const DEFAULT_TIMEOUTS: Timeouts = { stepMs: 120_000, requestMs: 3_600_000, stallMs: 60_000 };

/** What a host on Node has besides: it starts an engine process, ends it, and lets answers finish before it ends itself. */
export interface HostTimeouts extends Timeouts {
  /** How long an engine process may take until it speaks; a load is limited by its stall alone. */
  readonly startMs: number;
  /** How long running answers may go on once the host is told to end. */
  readonly drainMs: number;
  /** How long a process that was asked to end may take before it is killed, and one that was killed before it is given up. */
  readonly killMs: number;
}

/** Whoever started the host waits for its end: a system's own stop kills it soon after. */
const MAX_DRAIN_MS = 10_000;

export const DEFAULT_HOST_TIMEOUTS: HostTimeouts = {
  ...DEFAULT_TIMEOUTS,
  startMs: 30_000,
  drainMs: MAX_DRAIN_MS,
  killMs: 5_000,
};

type Given = { readonly [Name in keyof Timeouts]?: number | undefined };

/** How whoever sets the timeouts calls each of them. */
type Names = Readonly<Record<keyof Timeouts, string>>;

const OPTION_NAMES: Names = {
  stepMs: 'timeouts.stepMs',
  requestMs: 'timeouts.requestMs',
  stallMs: 'timeouts.stallMs',
};

const VARIABLE_NAMES = {
  stepMs: 'FORGELIGHT_TIMEOUT_STEP_MS',
  requestMs: 'FORGELIGHT_TIMEOUT_REQUEST_MS',
  stallMs: 'FORGELIGHT_TIMEOUT_STALL_MS',
  startMs: 'FORGELIGHT_TIMEOUT_START_MS',
  drainMs: 'FORGELIGHT_TIMEOUT_DRAIN_MS',
  killMs: 'FORGELIGHT_TIMEOUT_KILL_MS',
} as const satisfies Readonly<Record<keyof HostTimeouts, string>>;

/**
 * The whole set, of which some are given: a step that nothing is said of gets at most half of a request. Throws
 * `invalid-request` when they contradict each other.
 */
export function completeTimeouts(given: Given, names: Names = OPTION_NAMES): Timeouts {
  const requestMs = given.requestMs ?? DEFAULT_TIMEOUTS.requestMs;
  const stepMs = given.stepMs ?? Math.min(DEFAULT_TIMEOUTS.stepMs, Math.floor(requestMs / 2));
  if (stepMs >= requestMs) {
    throw invalidField(names.stepMs, `must be less than ${names.requestMs} (${requestMs}), got ${stepMs}`);
  }
  if (stepMs < 1) throw invalidField(names.requestMs, `must be at least 2, got ${requestMs}`);
  return { stepMs, requestMs, stallMs: given.stallMs ?? DEFAULT_TIMEOUTS.stallMs };
}

/**
 * The same from a host's environment, to be read once at its start. Throws `invalid-request` with the variable as `param`: for
 * one that is no positive whole number or too large, that contradicts another, or that begins like these and is none.
 */
export function timeoutsFromEnvironment(environment: Readonly<Record<string, string | undefined>>): HostTimeouts {
  const known: readonly string[] = Object.values(VARIABLE_NAMES);
  const set = Object.keys(environment).filter((name) => environment[name] !== undefined);
  const stranger = set.find((name) => name.startsWith('FORGELIGHT_TIMEOUT_') && !known.includes(name));
  if (stranger !== undefined) {
    throw invalidField(
      stranger,
      `is not a known variable: did you mean ${nearestWord(stranger, known) ?? known.join(' or ')}?`,
    );
  }
  const read = (name: string, most = MAX_INT32): number | undefined => {
    const text = environment[name];
    if (text === undefined) return undefined;
    const value = /^\d{1,10}$/.test(text) ? Number(text) : NaN;
    if (value >= 1 && value <= most) return value;
    throw invalidField(name, `must be a whole number of milliseconds from 1 to ${most}, got ${describeValue(text)}`);
  };
  const { stepMs, requestMs, stallMs, startMs, drainMs, killMs } = VARIABLE_NAMES;
  const given = { stepMs: read(stepMs), requestMs: read(requestMs), stallMs: read(stallMs) };
  return {
    ...completeTimeouts(given, VARIABLE_NAMES),
    startMs: read(startMs) ?? DEFAULT_HOST_TIMEOUTS.startMs,
    drainMs: read(drainMs, MAX_DRAIN_MS) ?? DEFAULT_HOST_TIMEOUTS.drainMs,
    killMs: read(killMs) ?? DEFAULT_HOST_TIMEOUTS.killMs,
  };
}
