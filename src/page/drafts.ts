const PREFIX = 'forgelight-draft-';

/** What is written in a conversation (`null`: the new one) and not sent yet: it outlives a reload, and leaves with its tab. */
export class Drafts {
  readonly #storage: () => Storage;
  /** What was written or read, also where site data is blocked. */
  readonly #texts = new Map<string, string | null>();
  readonly #edits = new Map<string, EditDrafts>();

  constructor(storage: () => Storage) {
    this.#storage = storage;
  }

  /** `question`: of the field in which that question is written anew. */
  read(conversation: number | null, question: number | null = null): string | null {
    const key = keyOf(conversation, question);
    const known = this.#texts.get(key);
    if (known !== undefined) return known;
    const kept = this.#try((storage) => storage.getItem(key));
    this.#texts.set(key, kept);
    return kept;
  }

  /** `null`: sent, or given up. */
  write(text: string | null, conversation: number | null, question: number | null = null): void {
    const key = keyOf(conversation, question);
    this.#texts.set(key, text);
    this.#try((storage) => {
      if (text === null) storage.removeItem(key);
      else storage.setItem(key, text);
      return null;
    });
  }

  /** The same object for the same conversation: nothing is rendered for it anew. */
  editsOf(conversation: number | null): EditDrafts {
    const key = keyOf(conversation, null);
    const edits = this.#edits.get(key) ?? { get: (question) => this.read(conversation, question) ?? undefined };
    this.#edits.set(key, edits);
    return edits;
  }

  /** The conversation was deleted, and nothing of it is to stay. */
  forget(conversation: number): void {
    const own = keyOf(conversation, null);
    const isOwn = (key: string): boolean => key === own || key.startsWith(`${own}-`);
    for (const key of this.#texts.keys()) if (isOwn(key)) this.#texts.set(key, null);
    this.#try((storage) => {
      const keys = Array.from({ length: storage.length }, (_, index) => storage.key(index) ?? '');
      for (const key of keys) if (isOwn(key)) storage.removeItem(key);
      return null;
    });
  }

  #try(act: (storage: Storage) => string | null): string | null {
    try {
      return act(this.#storage());
    } catch {
      // Site data is blocked, or full: the text lasts as long as the page.
      return null;
    }
  }
}

interface EditDrafts {
  get(question: number): string | undefined;
}

function keyOf(conversation: number | null, question: number | null): string {
  const own = `${PREFIX}${conversation ?? 'new'}`;
  return question === null ? own : `${own}-${question}`;
}
