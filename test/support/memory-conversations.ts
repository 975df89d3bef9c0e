import type {
  AnswerLocks,
  ConversationDatabase,
  ConversationPorts,
  TabChannel,
} from '../../src/page/conversation-ports';

/** How long an operation takes, and whether it fails: a test's to say. */
export type Pace = (name: string) => Promise<void>;

/** The ports of one tab, with what is there when it is loaded anew. */
export interface MemoryTab extends ConversationPorts {
  /** The tab is gone: it holds nothing any more, and hears nothing. */
  die(): void;
  shown: number | null;
  newSettings: string | null;
}

/** What all tabs of a browser share: one database, one channel. Records are copied as the browser copies them. */
export class MemoryConversations {
  readonly records = new Map<number, unknown>();
  /** Set: every access fails as where site data is blocked. */
  isBlocked = false;
  /** So often were the records changed, as the browser counts them. */
  changes = 0;
  /** Looks at all of them. */
  looks = 0;
  /** Writes that were made, by id. */
  readonly writes: number[] = [];
  readonly #listeners = new Set<{ readonly listener: (message: unknown) => void; readonly pace: Pace }>();
  /** Answers that are being written, with what to call once they are not. */
  readonly #locks = new Map<number, { readonly gone: Promise<void>; readonly free: () => void }>();
  #lastId = 0;

  constructor(private readonly defaultPace: Pace = async () => undefined) {}

  /** The ports of one tab. */
  tab(pace: Pace = this.defaultPace, shown: number | null = null, settings: string | null = null): MemoryTab {
    const [own, channel] = [new Set<number>(), this.#channel(pace)];
    const tab: MemoryTab = {
      shown,
      newSettings: settings,
      database: this.#database(pace),
      channel,
      locks: this.#locksOf(own, pace),
      die: () => {
        channel.close();
        for (const answerId of own) this.#locks.get(answerId)?.free();
      },
      remembered: { read: () => tab.shown, write: (id: number | null) => void (tab.shown = id) },
      settings: { read: () => tab.newSettings, write: (json) => void (tab.newSettings = json) },
      newId: () => (this.#lastId += 1),
    };
    return tab;
  }

  #database(pace: Pace): ConversationDatabase {
    const open = async (name: string): Promise<void> => {
      await pace(name);
      if (this.isBlocked) throw new DOMException('Site data is blocked.', 'SecurityError');
    };
    let known = -1;
    return {
      readAll: async () => {
        await open('read all');
        this.looks += 1;
        known = this.changes;
        return structuredClone([...this.records.values()]);
      },
      hasNews: async () => {
        await open('look for news');
        return this.changes !== known;
      },
      read: async (id) => {
        await open(`read ${id}`);
        const found = structuredClone(this.records.get(id));
        await pace(`read ${id}`);
        return found;
      },
      change: async (id, change) => {
        await open(`change ${id}`);
        const next = change(structuredClone(this.records.get(id)));
        if (next !== null) {
          this.records.set(id, structuredClone(next));
          this.writes.push(id);
          if (known === this.changes) known += 1;
          this.changes += 1;
        }
        await pace(`changed ${id}`);
      },
      remove: async (id) => {
        await open(`remove ${id}`);
        this.records.delete(id);
      },
    };
  }

  #locksOf(own: Set<number>, pace: Pace): AnswerLocks {
    return {
      hold: (answerId) => {
        let tell = (): void => undefined;
        const gone = new Promise<void>((resolve) => (tell = resolve));
        const free = (): void => {
          own.delete(answerId);
          this.#locks.delete(answerId);
          tell();
        };
        own.add(answerId);
        this.#locks.set(answerId, { gone, free });
        return free;
      },
      writerOf: async (answerId) => {
        await pace(`look who writes ${answerId}`);
        const lock = this.#locks.get(answerId);
        return lock === undefined ? null : { gone: lock.gone.then(() => pace(`free ${answerId}`)) };
      },
    };
  }

  #channel(pace: Pace): TabChannel & { close(): void } {
    const own = new Set<(message: unknown) => void>();
    return {
      post: (message) => {
        for (const { listener, pace: theirs } of this.#listeners) {
          if (!own.has(listener)) void theirs('news').then(() => listener(structuredClone(message)));
        }
      },
      close: () => {
        for (const entry of this.#listeners) if (own.has(entry.listener)) this.#listeners.delete(entry);
      },
      listen: (listener) => {
        const entry = { listener, pace };
        own.add(listener);
        this.#listeners.add(entry);
        return () => void this.#listeners.delete(entry);
      },
    };
  }
}
