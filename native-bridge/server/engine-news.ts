import type { Clock } from '../../src/base/clock';
import type { EngineEvent } from '../../src/protocol/engine-events';
import type { EngineState } from '../../src/protocol/snapshot';
import type { Backend, LentEngine } from './backend';
import { readPort } from './port-events';
import { orAborted } from './waiting';

/** How often it is looked whether a model that is not loaded is again. */
const LOOK_MS = 1_000;

export interface NewsParts {
  /** Whether the model is on the device, and answers. */
  readonly isThere: () => Promise<boolean>;
  /** Asked only while it is there: who listens has nothing loaded. */
  readonly lend: () => Promise<LentEngine>;
  readonly backend: Backend;
  readonly clock: Clock;
  /** Whoever listened has gone. */
  readonly signal: AbortSignal;
}

/** What becomes of a model on the device, and first how it is. Ends with its signal alone, by throwing. */
export async function* engineNews({ isThere, lend, backend, clock, signal }: NewsParts): AsyncGenerator<EngineEvent> {
  for (;;) {
    if (!(await isThere())) yield isOnItsWay(backend) ? stateEvent('loading') : { type: 'unloaded' };
    while (!(await isThere())) await orAborted(pause(clock), signal);
    const { host } = await lend();
    const { port, events, close } = readPort<EngineEvent>(isEnd);
    try {
      host.watch(port);
      yield stateEvent('ready');
      const news = events[Symbol.asyncIterator]();
      for (;;) {
        const { value, done } = await orAborted(news.next(), signal);
        if (done === true || isEnd(value)) break;
        if (value.type !== 'request') yield value;
      }
    } finally {
      close();
    }
  }
}

/** `model`: its hash, or for programs the name that it is listed by. */
export async function isLoaded(backend: Backend, model: string): Promise<boolean> {
  if (backend.state().status !== 'ready') return false; // without a look at the store
  const listed = await backend.models();
  return listed.some((one) => one.isLoaded && (one.id === model || `sha256:${one.sha256 ?? ''}` === model));
}

/** Its supervisor was closed: the model was taken off the device, or another one put in its place. */
function isEnd(event: EngineEvent): boolean {
  return event.type === 'state' && event.state === 'closed';
}

function isOnItsWay(backend: Backend): boolean {
  const { status } = backend.state();
  return status === 'loading' || status === 'restarting';
}

function stateEvent(state: EngineState): EngineEvent {
  return { type: 'state', state, retryAtMs: null, error: null };
}

function pause(clock: Clock): Promise<void> {
  return new Promise((resolve) => clock.after(LOOK_MS, resolve));
}
