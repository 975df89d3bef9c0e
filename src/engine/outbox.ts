import { assert } from '../base/assert';
import type { RequestId } from '../base/ids';
import type { EngineEvent } from '../protocol/engine-events';
import type { RequestEvent } from '../protocol/events';

/** Whoever hears of one request. Owned by the actor. */
export interface Listener {
  readonly id: RequestId;
  readonly generation: number;
  readonly emit: (event: RequestEvent) => void;
  /** The terminal event is on its way: nothing may follow it. */
  told: boolean;
  /** `emit` threw: it is spared everything but the terminal event. */
  deaf: boolean;
}

export function createListener(id: RequestId, generation: number, emit: Listener['emit']): Listener {
  return { id, generation, emit, told: false, deaf: false };
}

/**
 * Events on their way out. They are collected while state changes and delivered afterwards, so that what a listener
 * does when it hears of something (submit, cancel, throw) never meets a half-done change.
 */
export class Outbox {
  #waiting: { listener: Listener; event: RequestEvent }[] = [];
  #announcements: EngineEvent[] = [];

  post(listener: Listener, event: RequestEvent): void {
    assert(!listener.told, `request ${listener.id} has ended, but is sent '${event.type}'`);
    if (event.type === 'ended') listener.told = true;
    this.#waiting.push({ listener, event });
  }

  /** For whoever watches the engine as a whole. */
  announce(event: EngineEvent): void {
    this.#announcements.push(event);
  }

  takeAnnouncements(): readonly EngineEvent[] {
    return this.#announcements.splice(0);
  }

  /** Delivers everything in order. A listener that throws is reported to `onThrow` once, and breaks nobody else. */
  flush(onThrow: (listener: Listener, error: unknown) => void): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { listener, event } of waiting) {
      if (listener.deaf && event.type !== 'ended') continue;
      try {
        listener.emit(event);
      } catch (error) {
        const first = !listener.deaf;
        listener.deaf = true;
        if (first) onThrow(listener, error);
      }
    }
  }
}
