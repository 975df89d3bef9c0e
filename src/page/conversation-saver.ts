import type { Clock } from '../base/clock';
import { ForgelightError } from '../base/errors';
import { merge, type Conversation } from './conversation';
import { parseKept } from './conversation-file';
import { isTombstone, type ConversationDatabase, type Tombstone } from './conversation-ports';
import { TEXT } from './messages';

/** A growing answer is written so often at most. */
export const SAVE_EVERY_MS = 1000;

export interface SaverPorts {
  readonly database: ConversationDatabase;
  readonly clock: Clock;
  /** The conversation as it is now, or what is to be left of it; `null`: another tab has deleted it. */
  current(id: number): Conversation | Tombstone | null;
  /** It is on the disk, with what other tabs have added; `null`: nothing of it is left to be written. */
  saved(id: number, conversation: Conversation | null): void;
  /** Another tab has deleted it. */
  gone(id: number): void;
  failed(error: unknown): void;
}

interface Work {
  /** Ends the wait for the next write. */
  cancel: (() => void) | null;
  isWriting: boolean;
  /** What has changed since the last write began. */
  next: 'nothing' | 'soon' | 'now';
}

/**
 * Writes conversations, one write of each at a time. A write is a transaction: it reads what is kept, puts it together with what is shown
 * *then* and writes that, so that of two tabs that write the same conversation neither loses what the other has written. What could not
 * be written is tried again as soon as anything else can be.
 */
export class ConversationSaver {
  readonly #works = new Map<number, Work>();
  /** Those whose last write failed. */
  readonly #unsaved = new Set<number>();

  constructor(private readonly ports: SaverPorts) {}

  /** Something that could not be written is still not on the disk. */
  get isBehind(): boolean {
    return this.#unsaved.size > 0;
  }

  /** At once, or when the write that runs is over. */
  save(id: number): void {
    const work = this.#workOf(id);
    work.next = 'now';
    this.#goOn(id, work);
  }

  saveSoon(id: number): void {
    const work = this.#workOf(id);
    if (work.next === 'nothing') work.next = 'soon';
    this.#goOn(id, work);
  }

  /** Whatever waits is written now: the page may end. */
  flush(): void {
    for (const [id, { next }] of this.#works) if (next === 'soon') this.save(id);
    for (const id of [...this.#unsaved]) this.save(id);
  }

  #workOf(id: number): Work {
    const work = this.#works.get(id) ?? { cancel: null, isWriting: false, next: 'nothing' };
    this.#works.set(id, work);
    return work;
  }

  #goOn(id: number, work: Work): void {
    if (work.isWriting) return;
    if (work.next === 'now') {
      work.cancel?.();
      work.cancel = null;
      void this.#write(id, work);
    } else if (work.next === 'soon') {
      work.cancel ??= this.ports.clock.after(SAVE_EVERY_MS, () => {
        work.cancel = null;
        void this.#write(id, work);
      });
    } else if (work.cancel === null) {
      this.#works.delete(id);
    }
  }

  async #write(id: number, work: Work): Promise<void> {
    work.isWriting = true;
    work.next = 'nothing';
    const outcome: { written: Conversation | null; isGone: boolean } = { written: null, isGone: false };
    try {
      await this.ports.database.change(id, (kept) => {
        const current = this.ports.current(id);
        outcome.isGone = isTombstone(kept);
        if (isTombstone(current)) return outcome.isGone ? null : current;
        outcome.written = outcome.isGone ? null : together(current, kept);
        return outcome.written;
      });
      this.#unsaved.delete(id);
      if (outcome.isGone) this.ports.gone(id);
      else this.ports.saved(id, outcome.written);
      for (const other of [...this.#unsaved]) this.save(other);
    } catch (error) {
      this.#unsaved.add(id);
      this.ports.failed(error);
    }
    work.isWriting = false;
    this.#goOn(id, work);
  }
}

/** What is shown with what is kept. A record that cannot be read is a newer version's: it is left as it is, which must be said. */
function together(shown: Conversation | null, kept: unknown): Conversation | null {
  if (shown === null || kept === undefined) return shown;
  const other = parseKept(kept);
  if (other === null) throw new ForgelightError('invalid-request', TEXT.chats.newer);
  return merge(shown, other);
}
