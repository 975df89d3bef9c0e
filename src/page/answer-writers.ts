import { isRunning } from '../element/chat-types';
import type { Conversation } from './conversation';
import type { AnswerLocks } from './conversation-ports';

/**
 * Who writes the answers that have not ended. This tab holds a lock for each of its own until their end is on the disk, and waits for
 * those of the others: a lock is free when its tab is done, and when it died.
 */
export class AnswerWriters {
  readonly #locks: AnswerLocks;
  /** A tab let go of an answer: what it wrote last is on the disk. The answer counts as written until `forget`. */
  readonly #freed: (answerId: number, conversationId: number) => void;
  readonly #own = new Map<number, () => void>();
  #elsewhere: ReadonlySet<number> = new Set();

  constructor(locks: AnswerLocks, freed: (answerId: number, conversationId: number) => void) {
    this.#locks = locks;
    this.#freed = freed;
  }

  /** Answers that other tabs write, as far as they were looked for. Another set where it changes. */
  get elsewhere(): ReadonlySet<number> {
    return this.#elsewhere;
  }

  /** Before the answer is written down: who finds it there finds its lock. */
  hold(answerId: number): void {
    this.#own.set(answerId, this.#locks.hold(answerId));
  }

  /** Lets go of those for which `isOver` says so. */
  letGo(isOver: (answerId: number) => boolean): void {
    for (const [answerId, release] of this.#own) {
      if (!isOver(answerId)) continue;
      this.#own.delete(answerId);
      release();
    }
  }

  /** Looks who writes what has not ended. Resolves once that is known. */
  async look({ id, nodes }: Conversation): Promise<void> {
    const open = nodes.filter((node) => isRunning(node) && !this.#own.has(node.id) && !this.#elsewhere.has(node.id));
    await Promise.all(open.map((node) => this.#follow(node.id, id)));
  }

  forget(answerId: number): void {
    if (!this.#elsewhere.has(answerId)) return;
    const left = new Set(this.#elsewhere);
    left.delete(answerId);
    this.#elsewhere = left;
  }

  async #follow(answerId: number, conversationId: number): Promise<void> {
    const writer = await this.#locks.writerOf(answerId);
    // Two looks may end here.
    if (writer === null || this.#own.has(answerId) || this.#elsewhere.has(answerId)) return;
    this.#elsewhere = new Set([...this.#elsewhere, answerId]);
    void writer.gone.then(() => this.#freed(answerId, conversationId));
  }
}
