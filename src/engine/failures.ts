import { ForgelightError } from '../base/errors';
import type { RequestId } from '../base/ids';
import type { RequestTable } from './request-table';

/** Why the engine cannot take a request with this id now, or `null`. */
export function noPlace(id: RequestId, table: RequestTable, maxQueued: number): ForgelightError | null {
  const { active, maxActive, queue, state } = table;
  if (state === 'blocked') {
    return new ForgelightError(
      'device-blocked',
      'The browser has closed the GPU to this page for a while after it was lost. Try again in two minutes, or reload the page.',
    );
  }
  if (table.live.has(id)) {
    return new ForgelightError(
      'invalid-request',
      `Request ${id} is still running; give each request a number of its own.`,
    );
  }
  const places = maxQueued + Math.max(0, maxActive - active.length);
  if (queue.length < places) return null;
  return new ForgelightError(
    'busy',
    `${active.length} requests run and ${queue.length} wait, which is as many as this engine takes (maxQueued ${maxQueued}). Try again when one has ended.`,
  );
}

/** The device is gone, through no fault of the requests that it worked on. */
export function isLoss(error: unknown): error is ForgelightError {
  return error instanceof ForgelightError && error.code === 'device-lost';
}

function isFull(error: unknown): error is ForgelightError {
  return error instanceof ForgelightError && error.code === 'out-of-memory';
}

/** The device is not to be used any more. */
export function isFatal(error: unknown): boolean {
  return !(error instanceof ForgelightError) || error.code === 'timeout';
}

/** Of a request under which devices were lost in a row. Not `device-lost`, which means to everybody that the engine is gone: it goes on. */
export function lostAgain(cause: unknown): ForgelightError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  const message = `The device was lost twice while it worked on this request, as it is when a step takes too long for its driver (${reason}). It is not tried a third time. A shorter prompt or a smaller model may do.`;
  return new ForgelightError('timeout', message, { cause });
}

/** Why the engine ends. That another device is too small for the model is told apart: its message says what would fit. */
export function deviceLost(cause: unknown): ForgelightError {
  if (isLoss(cause) || isFull(cause)) return cause;
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new ForgelightError('device-lost', `The device was lost (${reason}). Load the model again to go on.`, {
    cause,
  });
}
