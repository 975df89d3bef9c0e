import { assert } from '../base/assert';
import type { RequestState } from '../protocol/snapshot';

/** What may happen to a request. The texts are those of ARCHITECTURE.md, which `test/documents.test.ts` compares. */
export const LIFECYCLE_EVENTS = {
  admitted: 'It is first in the queue, a slot is free, and so are blocks for all its known tokens: it takes them.',
  prompted: 'Its prompt, and all known tokens of its answer but the last, are in the KV cache.',
  preempted:
    'It loses its slot and its blocks, but keeps its tokens. An older request needs the blocks, the device is lost, or a step failed whose blocks it reads.',
  finished:
    'It has its outcome. State destroyed, timer stopped, slot and blocks given back, one `ended` with the result: in one go.',
} as const;

export type LifecycleEvent = keyof typeof LIFECYCLE_EVENTS;

/** What a request in each state holds. */
export const STATE_HOLDINGS: Readonly<Record<RequestState, string>> = {
  queued: 'tokens, sampler and stop matcher, and its timer; it waits in the order of arrival',
  prefilling: 'also a slot and blocks; prompt chunks run, then what is known of its answer is replayed',
  decoding: 'the same; it has a row in every decode step',
  ended: 'nothing: the snapshots remember the last 32 that ended',
};

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
