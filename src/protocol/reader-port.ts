import type { Clock } from '../base/clock';
import type { StreamEvent } from './stream-event';

/** Silence is counted in so many looks: a machine that slept, or a tab that was frozen, wakes up one look later. */
export const LOOKS = 30;

/** What a `ReaderPort` needs of a `MessagePort`. */
export type EventPort = Pick<MessagePort, 'postMessage' | 'addEventListener' | 'start' | 'close'>;

export interface ReaderPortOptions {
  readonly clock: Clock;
  /** How long at least something may lie at the port unread. */
  readonly silenceMs: number;
  /** Called at most once: nobody reads any more. */
  readonly onSilence: () => void;
}

/**
 * The host's end of a request's port. Its reader sends a message each time that it asks for the next event: nothing else would
 * tell that it closed the port, or that the frame which read is gone. Owned by whoever answers the request, until `ended` is sent.
 */
export class ReaderPort {
  private unread = 0; // less than 0: asked for
  private silentLooks = 0;
  private stopLooking: (() => void) | null = null;

  constructor(
    private readonly port: EventPort,
    private readonly options: ReaderPortOptions,
  ) {
    port.addEventListener('message', () => this.hear());
    port.start();
  }

  /** Sends an event; `ended` is the last one. */
  send(event: StreamEvent): void {
    this.port.postMessage(event, { transfer: partsOf(event) });
    if (event.type === 'ended') {
      this.stopLooking?.();
      this.port.close();
      return;
    }
    this.unread += 1;
    if (this.unread === 1) this.look();
  }

  private hear(): void {
    this.unread -= 1;
    this.silentLooks = 0;
    if (this.unread === 0) this.stopLooking?.();
  }

  private look(): void {
    this.stopLooking = this.options.clock.after(this.options.silenceMs / LOOKS, () => {
      this.silentLooks += 1;
      if (this.silentLooks > LOOKS) this.options.onSilence();
      else this.look();
    });
  }
}

/** What moves to the reader instead of being copied. */
function partsOf(event: StreamEvent): Transferable[] {
  if (event.type === 'logits') return [event.logits.buffer];
  if (event.type === 'embedding') return [event.embedding.buffer];
  return [];
}
