import { proxy, wrap, type ProxyMarked, type Remote } from 'comlink';
import { ForgelightError } from '../base/errors';
import { parseEngineOptions } from '../protocol/engine-options-schema';
import { DEFAULT_TIMEOUTS } from '../protocol/timeouts';
import type { PullOptions, PullProgress, StoreHost } from '../store/store-host';
import type { ModelEntry, StoreEntry } from '../store/store-list';
import { abortErrorOf, onAbort, throwIfAborted } from './abort';
import { browserScope, type EngineScope, type StorageRoom } from './browser-scope';
import { inPage } from './create-engine';
import { Lifeline } from './lifeline';
import { unwrap } from './result';
import { startWorker } from './start-worker';
import { tellPage } from './tell-page';
import { defaultWorkerUrl } from './worker-url';

export interface ModelStoreOptions {
  /** As `createEngine`'s. */
  readonly workerUrl?: string | URL;
  readonly signal?: AbortSignal;
}

export interface StoreCallOptions {
  /** Stops the download; what was received is kept, and the next one goes on from there. */
  readonly signal?: AbortSignal;
}

export interface PullCallOptions extends StoreCallOptions, Omit<PullOptions, 'model'> {
  readonly onProgress?: (progress: PullProgress) => void;
}

/** A model's file, for a copy elsewhere. */
export interface ModelExport {
  /** The caller's: read to its end or cancelled. Until then the model is in use. */
  readonly stream: ReadableStream<Uint8Array>;
  readonly sizeBytes: number;
  readonly fileName: string;
}

/** The models that this origin keeps, the same for all its tabs. */
export interface ModelStore {
  /** Whole ones, damaged ones, and unfinished downloads. */
  list(): Promise<readonly StoreEntry[]>;
  /** Who could go to make room: damaged ones first, then those not used for longest. Nothing is deleted. */
  couldGo(missingBytes: number): Promise<readonly ModelEntry[]>;
  /** Bytes that the whole origin uses; `null` where the browser does not tell. */
  usageBytes(): Promise<number | null>;
  /** How much this origin keeps, how much it may, and whether the browser keeps it when the disk gets full. */
  room(): Promise<StorageRoom>;
  /**
   * Asks the browser to keep all of this origin's data also when the disk gets full. Resolves with whether it will: it may ask the user, or
   * decide by how often the page is used.
   */
  persist(): Promise<boolean>;
  /**
   * A file, or by the hash of them all (`info.model.sha256`) all files of a model, but for those that another one has too. `false` where it was
   * not there. Throws `busy` while it is loaded, in any tab.
   */
  delete(sha256: string): Promise<boolean>;
  /** Forgets an unfinished download. `false` where there was none; throws `busy` while it runs, in any tab. */
  discard(address: string): Promise<boolean>;
  /**
   * Fetches a model without loading it. Resolves with the SHA-256 of each of its files. Throws as `createEngine` does about what a
   * model comes from, `quota-exceeded` where there is no room, and an `AbortError` when `signal` fires.
   */
  pull(model: string, options?: PullCallOptions): Promise<readonly string[]>;
  /**
   * Fetches a damaged model again, or what is damaged of one in several files, from where it came from. Throws `corrupt-model` where none of
   * that has it.
   */
  repair(sha256: string, options?: StoreCallOptions): Promise<void>;
  /** A model in several files as one. Throws `invalid-request` where it is not there. */
  export(sha256: string): Promise<ModelExport>;
  /** Ends the store's worker, and with it downloads that `pull` began. */
  close(): void;
}

/**
 * Opens the store of this page's origin, in a worker of its own. Works without WebGPU. Calls throw `invalid-request` where the browser
 * keeps nothing for this page.
 */
export async function openModelStore(options: ModelStoreOptions = {}): Promise<ModelStore> {
  throwIfAborted(options.signal);
  return await openModelStoreIn(browserScope(), options);
}

/** `openModelStore` on a given page. */
export async function openModelStoreIn(scope: EngineScope, options: ModelStoreOptions): Promise<ModelStore> {
  const { workerUrl = defaultWorkerUrl(), signal = null } = options;
  const { worker, lock } = await startWorker({ url: workerUrl, signal, timeoutMs: DEFAULT_TIMEOUTS.stallMs }, scope);
  const lifeline = new Lifeline();
  const end = (error: ForgelightError): void => {
    if (lifeline.end(error)) worker.terminate();
  };
  worker.addEventListener('error', (event) => end(storeEnded(`its worker failed (${event.message})`)));
  if (lock !== null) scope.onFree(lock, () => end(storeEnded('its worker has ended')));
  const { store } = wrap<{ readonly store: StoreHost & ProxyMarked }>(worker);
  return new ModelStoreClient(store, scope, lifeline, () => end(storeEnded('it was closed')));
}

class ModelStoreClient implements ModelStore {
  private calls = 0;

  constructor(
    private readonly host: Remote<StoreHost>,
    private readonly scope: EngineScope,
    private readonly lifeline: Lifeline,
    readonly close: () => void,
  ) {}

  async list(): Promise<readonly StoreEntry[]> {
    return unwrap(await this.lifeline.guard(() => this.host.list()));
  }

  async couldGo(missingBytes: number): Promise<readonly ModelEntry[]> {
    return unwrap(await this.lifeline.guard(() => this.host.couldGo(missingBytes)));
  }

  async usageBytes(): Promise<number | null> {
    return unwrap(await this.lifeline.guard(() => this.host.usageBytes()));
  }

  /** Of the page: workers are told less. */
  room(): Promise<StorageRoom> {
    return this.lifeline.guard(() => this.scope.storageRoom());
  }

  persist(): Promise<boolean> {
    return this.lifeline.guard(() => this.scope.persist());
  }

  async delete(sha256: string): Promise<boolean> {
    return unwrap(await this.lifeline.guard(() => this.host.delete(sha256)));
  }

  async discard(address: string): Promise<boolean> {
    return unwrap(await this.lifeline.guard(() => this.host.discard(this.inPage(address))));
  }

  async pull(model: string, { onProgress, signal, ...options }: PullCallOptions = {}): Promise<readonly string[]> {
    // The host reads them again: what is wrong is said before it is asked.
    const { load } = parseEngineOptions({ ...options, model });
    const { mirrors } = inPage(load, this.scope);
    const given = { ...options, model: this.inPage(model), ...(mirrors === undefined ? {} : { mirrors }) };
    const persist = proxy(() => void this.scope.persist());
    return await this.abortable(signal, (id) =>
      this.host.pull(
        id,
        given,
        proxy((progress: PullProgress) => tellPage(onProgress, progress)),
        persist,
      ),
    );
  }

  async repair(sha256: string, { signal }: StoreCallOptions = {}): Promise<void> {
    await this.abortable(signal, (id) => this.host.repair(id, sha256));
  }

  async export(sha256: string): Promise<ModelExport> {
    const { lifeline, host } = this;
    const { id, sizeBytes, fileName } = unwrap(await lifeline.guard(() => host.openExport(sha256)));
    const stream = new ReadableStream<Uint8Array>({
      async pull(controller) {
        const chunk = unwrap(await lifeline.guard(() => host.readExport(id)));
        if (chunk === null) controller.close();
        else controller.enqueue(chunk);
      },
      cancel: () => lifeline.guard(() => host.closeExport(id)),
    });
    return { stream, sizeBytes, fileName };
  }

  private inPage(address: string): string {
    return /^\.{0,2}\//.test(address) ? new URL(address, this.scope.pageUrl).href : address;
  }

  private async abortable<T>(
    signal: AbortSignal | undefined,
    call: (id: number) => Promise<Parameters<typeof unwrap<T>>[0]>,
  ): Promise<T> {
    throwIfAborted(signal);
    const id = (this.calls += 1);
    const forget = onAbort(signal, () => this.lifeline.watch(this.host.abort(id)));
    try {
      return unwrap<T>(await this.lifeline.guard(() => call(id)));
    } catch (error) {
      throw signal?.aborted === true ? abortErrorOf(signal) : error;
    } finally {
      forget();
    }
  }
}

function storeEnded(why: string): ForgelightError {
  return new ForgelightError('closed', `This model store has ended: ${why}. Open it again with openModelStore.`);
}
