import { transfer } from 'comlink';
import type { EngineEvent } from '../protocol/engine-events';
import type { CalledHost } from './called-host';
import type { Lifeline } from './lifeline';

type Listener = (event: EngineEvent) => void;

/** The host's engine events, on a port of their own, for any number of listeners in the page. */
export class EngineWatch {
  private readonly listeners = new Map<EngineEvent['type'], Set<Listener>>();

  /** Listens from now on, until the engine ends. */
  constructor(host: CalledHost, lifeline: Lifeline) {
    const { port1, port2 } = new MessageChannel();
    port1.addEventListener('message', (message: MessageEvent<EngineEvent>) => this.tell(message.data));
    port1.start();
    lifeline.onEnd(() => port1.close());
    lifeline.watch(host.watch(transfer(port2, [port2])));
  }

  on<Type extends EngineEvent['type']>(
    type: Type,
    listener: (event: Extract<EngineEvent, { type: Type }>) => void,
  ): () => void {
    const listeners = this.listeners.get(type) ?? new Set();
    this.listeners.set(type, listeners);
    // A wrapper of its own, so that a listener may be registered twice and is told only of its type.
    const own: Listener = (event) => {
      if (isOfType(event, type)) listener(event);
    };
    listeners.add(own);
    return () => void listeners.delete(own);
  }

  private tell(event: EngineEvent): void {
    for (const listener of [...(this.listeners.get(event.type) ?? [])]) {
      try {
        listener(event);
      } catch (error) {
        // The page's own mistake: it goes where such mistakes go, and the others are told all the same.
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }
}

function isOfType<Type extends EngineEvent['type']>(
  event: EngineEvent,
  type: Type,
): event is Extract<EngineEvent, { type: Type }> {
  return event.type === type;
}
