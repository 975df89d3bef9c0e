/** What is left of a deleted conversation, so that no tab that still has it writes it anew. */
export interface Tombstone {
  readonly id: number;
  readonly deletedAtMs: number;
}

/** Where conversations are kept, one record each by its id. All reject where site data is blocked. */
export interface ConversationDatabase {
  readAll(): Promise<readonly unknown[]>;
  /** Whether another tab has changed anything since all was read. */
  hasNews(): Promise<boolean>;
  /** `undefined` where there is none. */
  read(id: number): Promise<unknown>;
  /** In one transaction: writes what `change` makes of what is there, `null`: nothing. On the disk when it resolves. */
  change(id: number, change: (kept: unknown) => object | null): Promise<void>;
  remove(id: number): Promise<void>;
}

/** To the other tabs of this page. */
export interface TabChannel {
  post(message: unknown): void;
  /** The returned function ends it. */
  listen(listener: (message: unknown) => void): () => void;
}

/** Which answers are being written, in any tab. A tab that ends or dies lets go of all that it holds. */
export interface AnswerLocks {
  /** This tab writes the answer, until the returned function is called. */
  hold(answerId: number): () => void;
  /** Who writes it: `null`, nobody. Never rejects, and neither does `gone`, which resolves once nobody does any more. */
  writerOf(answerId: number): Promise<{ readonly gone: Promise<void> } | null>;
}

export interface ConversationPorts {
  readonly database: ConversationDatabase;
  readonly channel: TabChannel;
  readonly locks: AnswerLocks;
  /** Which conversation this tab shows, for when it is loaded anew; `null`: a new one. */
  readonly remembered: { read(): number | null; write(id: number | null): void };
  /** What this tab's next new conversation begins with, for the same; as JSON that may be anybody's, `null`: nothing yet. */
  readonly settings: { read(): string | null; write(json: string): void };
  /** An integer that no other tab draws. */
  newId(): number;
}

export function isTombstone(kept: unknown): kept is Tombstone {
  return typeof kept === 'object' && kept !== null && 'deletedAtMs' in kept && typeof kept.deletedAtMs === 'number';
}

/** Of what a tab tells the others: the conversation that it has written. */
export function idOf(message: unknown): number | null {
  return typeof message === 'object' && message !== null && 'id' in message && typeof message.id === 'number'
    ? message.id
    : null;
}
