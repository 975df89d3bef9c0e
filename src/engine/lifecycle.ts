import { assert } from '../base/assert';
import type { RequestState } from '../protocol/snapshot';

/** What may happen to a request. */
export type LifecycleEvent =
  /** It got a slot and the blocks of all that is known of it. */
  | 'admitted'
  /** Its prompt, and what was known of its answer, is in the KV cache. */
  | 'prompted'
  /** It lost its slot and its blocks, to an older request or with the device. Its tokens are kept and replayed. */
  | 'preempted'
  /** It got its outcome: state destroyed, slot and blocks given back, one terminal event. */
  | 'finished';

/** A request's life as data: state → event → next state. What is not listed cannot happen. */
export const TRANSITIONS: Readonly<Record<RequestState, Readonly<Partial<Record<LifecycleEvent, RequestState>>>>> = {
  queued: { admitted: 'prefilling', finished: 'ended' },
  prefilling: { prompted: 'decoding', preempted: 'queued', finished: 'ended' },
  decoding: { preempted: 'queued', finished: 'ended' },
  ended: {},
};

/** The state after `event`; throws `InvariantError` for an event that the state does not know. */
export function nextState(state: RequestState, event: LifecycleEvent): RequestState {
  const next = TRANSITIONS[state][event];
  assert(next !== undefined, `a request that is ${state} cannot be ${event}`);
  return next;
}
