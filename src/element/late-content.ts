/** Makes the nodes for a source, synchronously; `null` where it cannot: what is there stays. */
export type MakeContent = (source: string, kind: string) => DocumentFragment | null;

interface Waiting {
  readonly source: string;
  readonly kind: string;
  readonly targets: HTMLElement[];
}

/** Remembered pieces: a block that is still open is made again with every update, with the same code and formulas in it. */
const MAX_REMEMBERED = 128;
/** Pieces that one task makes, by their length in UTF-16 units: at least one. */
const TASK_UNITS = 400;

/**
 * What takes a script of its own and time to be made: elements show their source, and get better content in a later task, a little in each.
 * The script is fetched for the first of them; where that fails, the source stays, and the next one tries again.
 */
export class LateContent {
  readonly #load: () => Promise<MakeContent>;
  readonly #remembered = new Map<string, DocumentFragment | null>();
  readonly #waiting = new Map<string, Waiting>();
  #running = false;

  constructor(load: () => Promise<MakeContent>) {
    this.#load = load;
  }

  /** `target` holds `source` as text now. If it holds something else by then, it is left alone. */
  put(target: HTMLElement, source: string, kind: string): void {
    const key = `${kind}\n${source}`;
    const remembered = this.#remembered.get(key);
    if (remembered !== undefined) {
      fill(target, source, remembered);
      return;
    }
    const waiting = this.#waiting.get(key);
    if (waiting === undefined) this.#waiting.set(key, { source, kind, targets: [target] });
    else waiting.targets.push(target);
    if (!this.#running) void this.#run();
  }

  async #run(): Promise<void> {
    this.#running = true;
    try {
      const makeContent = await this.#load();
      while (this.#waiting.size > 0) {
        await new Promise((resolve) => setTimeout(resolve));
        this.#makeSome(makeContent);
      }
    } catch {
      // The script cannot be fetched now: sources are shown, as everywhere where no script is known.
      this.#waiting.clear();
    } finally {
      this.#running = false;
    }
  }

  #makeSome(makeContent: MakeContent): void {
    let units = 0;
    for (const [key, { source, kind, targets }] of this.#waiting) {
      this.#waiting.delete(key);
      const content = makeContent(source, kind);
      this.#remember(key, content);
      for (const target of targets) fill(target, source, content);
      units += source.length;
      if (units >= TASK_UNITS) return;
    }
  }

  #remember(key: string, content: DocumentFragment | null): void {
    this.#remembered.set(key, content);
    const [oldest] = this.#remembered.keys();
    if (this.#remembered.size > MAX_REMEMBERED && oldest !== undefined) this.#remembered.delete(oldest);
  }
}

function fill(target: HTMLElement, source: string, content: DocumentFragment | null): void {
  if (content !== null && target.textContent === source) target.replaceChildren(content.cloneNode(true));
}
