import type { Clock } from '../base/clock';
import type { ModelExport, ModelStore, PartialEntry, StorageRoom, StoredModel, StoreEntry } from '../client/index';
import { endsEngine, failureOf, type Failure } from '../element/failure';
import { isAddressOf } from './kept-choice';
import { ERROR_TEXT, TEXT } from './messages';
import type { ModelChoice } from './model-choice';

/** A stopped load gets so long to put its download in order, and a little more. */
export const SETTLE_MS = 2500;

export type KeptWork = keyof typeof TEXT.kept.working;

/** What the page knows of the models that this browser keeps. Immutable. */
export type Shelf =
  /** Nobody has looked: the store's worker does not run. */
  | { readonly kind: 'closed' }
  | { readonly kind: 'opening' }
  | {
      readonly kind: 'open';
      /** The files. */
      readonly entries: readonly StoreEntry[];
      /** The same, a model each. */
      readonly models: readonly StoredModel[];
      /** Of the whole origin. */
      readonly room: StorageRoom;
      /** `false` while a load that was stopped may still be putting its download in order. */
      readonly settled: boolean;
    }
  | { readonly kind: 'failed'; readonly failure: Failure };

export interface KeptPorts {
  openModelStore(): Promise<ModelStore>;
  models(entries: readonly StoreEntry[]): Promise<readonly StoredModel[]>;
  /** Writes a model's copy, and resolves with what became of it; `null`: the person thought better of it. */
  save(fileName: string, sizeBytes: number, open: () => Promise<ModelExport>): Promise<string | null>;
  readonly clock: Clock;
  reportError(error: unknown): void;
}

/** How an entry is told from others. */
export function entryId(entry: StoreEntry): string {
  return entry.state === 'partial' ? entry.address : entry.sha256;
}

/** Owns the page's one opened store. It is opened when somebody looks first, and looks again where something may have changed. */
export class KeptModels {
  #shelf: Shelf = { kind: 'closed' };
  #working: ReadonlyMap<string, KeptWork> = new Map();
  #problems: ReadonlyMap<string, string> = new Map();
  #opened: Promise<ModelStore> | null = null;
  /** The newest look at the store: what an older one finds is no news. */
  #looks = 0;
  #unsettled = 0;

  constructor(
    private readonly ports: KeptPorts,
    private readonly changed: () => void,
  ) {}

  get shelf(): Shelf {
    return this.#shelf;
  }

  /** What is being done to an entry; the store is asked for one thing at a time of each. */
  workOn(id: string): KeptWork | null {
    return this.#working.get(id) ?? null;
  }

  /** Why the last of it failed. */
  problemOf(id: string): string | null {
    return this.#problems.get(id) ?? null;
  }

  /** Files of this model whose download is not finished. */
  downloadsOf(choice: ModelChoice): readonly PartialEntry[] {
    if (this.#shelf.kind !== 'open') return [];
    return this.#shelf.entries
      .filter((entry) => entry.state === 'partial')
      .filter((entry) => isAddressOf(entry.address, choice));
  }

  /** Bytes of this model that are here, in whole files and in unfinished ones. */
  bytesOf(choice: ModelChoice): number {
    if (this.#shelf.kind !== 'open') return 0;
    const wholeBytes = this.#shelf.entries.reduce((sum, entry) => {
      const isHere = entry.state === 'ok' && entry.names.some((address) => isAddressOf(address, choice));
      return isHere ? sum + entry.sizeBytes : sum;
    }, 0);
    return this.downloadsOf(choice).reduce((sum, { receivedBytes }) => sum + receivedBytes, wholeBytes);
  }

  /** Opens the store, or looks at it again. */
  async show(): Promise<void> {
    const look = (this.#looks += 1);
    if (this.#shelf.kind !== 'open') this.#set({ kind: 'opening' });
    try {
      const store = await this.#open();
      const [entries, room] = await Promise.all([store.list(), store.room()]);
      const models = await this.ports.models(entries);
      if (look === this.#looks) this.#set({ kind: 'open', entries, models, room, settled: this.#unsettled === 0 });
    } catch (error) {
      const failure = this.#failure(error);
      if (look === this.#looks) this.#set({ kind: 'failed', failure });
    }
  }

  /** Looks again, if anybody ever did. */
  async refresh(): Promise<void> {
    if (this.#shelf.kind !== 'closed') await this.show();
  }

  /** A download was stopped: what is here of it is looked for, and once more when it has been put in order. */
  async lookAfterPause(): Promise<void> {
    this.#unsettled += 1;
    if (this.#shelf.kind === 'open') this.#set({ ...this.#shelf, settled: false });
    this.ports.clock.after(SETTLE_MS, () => {
      this.#unsettled -= 1;
      void this.refresh();
    });
    await this.show();
  }

  /** These resolve with a sentence of what came of it; `null`: nothing. */
  delete(sha256: string, name: string): Promise<string | null> {
    return this.#work(sha256, name, 'delete', async (store) => {
      await store.delete(sha256);
      return TEXT.kept.deleted(name);
    });
  }

  discard(address: string, name: string): Promise<string | null> {
    return this.#work(address, name, 'discard', async (store) => {
      await store.discard(address);
      return TEXT.kept.discarded(name);
    });
  }

  /** All that is here of a model that is not whole. */
  discardModel({ address, fileName, files }: Extract<StoredModel, { state: 'partial' }>): Promise<string | null> {
    return this.#work(address, fileName, 'discard', async (store) => {
      for (const file of files) {
        await (file.state === 'partial' ? store.discard(file.address) : store.delete(file.sha256));
      }
      return TEXT.kept.discarded(fileName);
    });
  }

  /** All files of a model whose download was paused. */
  async discardDownloads(choice: ModelChoice): Promise<string | null> {
    let text: string | null = null;
    for (const { address } of this.downloadsOf(choice)) text = (await this.discard(address, choice.name)) ?? text;
    return text;
  }

  repair(sha256: string, name: string): Promise<string | null> {
    return this.#work(sha256, name, 'repair', async (store) => {
      await store.repair(sha256);
      return TEXT.kept.repaired(name);
    });
  }

  export(sha256: string, name: string, sizeBytes: number): Promise<string | null> {
    return this.#work(sha256, name, 'export', (store) => this.ports.save(name, sizeBytes, () => store.export(sha256)));
  }

  /** Asks the browser to keep all of this for good. Resolves with a sentence of what it says. */
  async persist(): Promise<string> {
    try {
      const isGranted = await (await this.#open()).persist();
      return isGranted ? TEXT.storage.granted : TEXT.storage.refused;
    } catch (error) {
      return this.#failure(error).detail;
    } finally {
      await this.refresh();
    }
  }

  /** Ends the store's worker. Whoever looks again opens a new one. */
  close(): void {
    const opened = this.#opened;
    this.#opened = null;
    void opened?.then(
      (store) => store.close(),
      () => undefined,
    );
  }

  async #work(
    id: string,
    name: string,
    work: KeptWork,
    run: (store: ModelStore) => Promise<string | null>,
  ): Promise<string | null> {
    if (this.#working.has(id)) return null;
    this.#working = new Map([...this.#working, [id, work]]);
    this.#tell(id, null);
    try {
      return await run(await this.#open());
    } catch (error) {
      return this.#tell(id, problemText(this.#failure(error), name));
    } finally {
      this.#working = new Map([...this.#working].filter(([worked]) => worked !== id));
      await this.refresh();
      this.changed();
    }
  }

  #tell<Text extends string | null>(id: string, text: Text): Text {
    const others = [...this.#problems].filter(([told]) => told !== id);
    this.#problems = new Map(text === null ? others : [...others, [id, text]]);
    this.changed();
    return text;
  }

  #open(): Promise<ModelStore> {
    if (this.#opened !== null) return this.#opened;
    const opened = this.ports.openModelStore();
    this.#opened = opened;
    opened.catch(() => {
      if (this.#opened === opened) this.#opened = null;
    });
    return opened;
  }

  #failure(error: unknown): Failure {
    const failure = failureOf(error);
    if (failure.code === 'unexpected') this.ports.reportError(error);
    // Its worker is gone: the next look starts another.
    if (endsEngine(failure)) this.#opened = null;
    return failure;
  }

  #set(shelf: Shelf): void {
    this.#shelf = shelf;
    this.changed();
  }
}

/** The store's own words say what to do; what it is busy with depends on who asks. */
function problemText({ code, detail }: Failure, name: string): string {
  if (code === 'busy') return TEXT.kept.busy(name);
  if (code === 'unexpected') return `${ERROR_TEXT[code].title}. ${ERROR_TEXT[code].advice}`;
  return detail;
}
