import type { Clock } from '../base/clock';
import { ForgelightError, type ErrorCode } from '../base/errors';
import { pause } from '../store/waiting';
import type { LoadedModel } from './load-onto-device';

/** How long browsers close the GPU to a page whose device was lost twice in a short time, and a little more. */
export const BLOCKED_MS = 125_000;

export interface Recovery {
  readonly load: () => Promise<LoadedModel>;
  /** Told when no device is to be had now, and when that is tried again. */
  readonly blocked: (retryAtMs: number) => void;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** Loads the model onto another device: at once, and where the host gives none a last time later. Rejects with why it could not. */
export async function recoverModel({ load, blocked, clock, signal }: Recovery): Promise<LoadedModel> {
  try {
    return await load();
  } catch (error) {
    if (signal.aborted || !isRefused(error)) throw error;
  }
  blocked(clock.now() + BLOCKED_MS);
  await pause(clock, BLOCKED_MS, signal);
  return await load();
}

/** What a browser that has just lost its GPU answers: no adapter, one that refuses a device, or a device that is lost again. */
const REFUSALS: readonly ErrorCode[] = ['no-adapter', 'missing-feature', 'device-lost'];

/** A matter of time, for a model that ran before. Anything else would be the same later. */
function isRefused(error: unknown): boolean {
  return error instanceof ForgelightError && REFUSALS.includes(error.code);
}
