import { ForgelightError } from '../base/errors';
import { parseEngineOptions } from '../protocol/engine-options-schema';
import type { Result } from '../protocol/engine-port';
import type { ExportedModel, ModelStore } from '../store/model-store';
import type { ModelEntry, StoreEntry } from '../store/store-list';
import type { OpenedExport, PullOptions, PullProgress, StoreHost } from '../store/store-host';
import { openBrowserStore } from './browser-store';
import { heldSource } from './model-sources';
import { settle } from './settle';

type Reader = ReadableStreamDefaultReader<Uint8Array>;

/** The origin's store for a page. */
export class WorkerStore implements StoreHost {
  private opened: Promise<ModelStore | null> | null = null;
  private readonly running = new Map<number, AbortController>();
  private readonly exports = new Map<number, { readonly reader: Reader; readonly end: AbortController }>();
  private exportsOpened = 0;
  private persist = (): void => undefined;

  list(): Promise<Result<readonly StoreEntry[]>> {
    return settle(async () => (await this.store()).list());
  }

  couldGo(missingBytes: number): Promise<Result<readonly ModelEntry[]>> {
    return settle(async () => (await this.store()).couldGo(missingBytes));
  }

  usageBytes(): Promise<Result<number | null>> {
    return settle(async () => (await this.store()).usageBytes());
  }

  delete(sha256: string): Promise<Result<boolean>> {
    return settle(async () => (await this.store()).delete(sha256));
  }

  discard(address: string): Promise<Result<boolean>> {
    return settle(async () => (await this.store()).discard(address));
  }

  pull(
    id: number,
    options: PullOptions,
    onProgress: (progress: PullProgress) => void,
    persist: () => void,
  ): Promise<Result<readonly string[]>> {
    this.persist = persist;
    return this.abortable(id, async (store, signal) => {
      const { load } = parseEngineOptions(options);
      const held = heldSource(load, {
        store,
        whenFull: 'fail',
        onWatched: ({ loadedBytes: loaded, totalBytes: total }) => onProgress({ loaded, total, resumed: 0 }),
      });
      try {
        const { stream, sizeBytes, resumedBytes: resumed = 0 } = await held.source.open(signal);
        let loaded = 0;
        for (let chunk = await stream.read(); chunk !== null; chunk = await stream.read()) {
          loaded += chunk.length;
          onProgress({ loaded, total: sizeBytes ?? 0, resumed });
        }
        return held.files.flatMap(({ sha256 }) => sha256 ?? []);
      } finally {
        held.close();
      }
    });
  }

  repair(id: number, sha256: string): Promise<Result<void>> {
    return this.abortable(id, (store, signal) => {
      const sourceOf = (model: string) => {
        const { load } = parseEngineOptions({ model });
        return heldSource(load, { store: null, onWatched: () => undefined }).source;
      };
      return store.repair(sha256, sourceOf, signal);
    });
  }

  abort(id: number): void {
    this.running.get(id)?.abort(new ForgelightError('aborted', 'The download was stopped. What was received is kept.'));
  }

  openExport(sha256: string): Promise<Result<OpenedExport>> {
    return settle(async () => {
      const end = new AbortController();
      const { stream, sizeBytes, fileName }: ExportedModel = await (await this.store()).export(sha256, end.signal);
      const id = (this.exportsOpened += 1);
      this.exports.set(id, { reader: stream.getReader(), end });
      return { id, sizeBytes, fileName };
    });
  }

  readExport(id: number): Promise<Result<Uint8Array | null>> {
    return settle(async () => {
      const opened = this.exports.get(id);
      if (opened === undefined) throw new ForgelightError('closed', 'This copy has ended. Begin it again.');
      const { done, value } = await opened.reader.read();
      if (!done) return value;
      this.exports.delete(id);
      return null;
    });
  }

  async closeExport(id: number): Promise<void> {
    const opened = this.exports.get(id);
    this.exports.delete(id);
    await opened?.reader.cancel(new DOMException('The copy was given up.', 'AbortError'));
  }

  private abortable<T>(id: number, work: (store: ModelStore, signal: AbortSignal) => Promise<T>): Promise<Result<T>> {
    const abort = new AbortController();
    this.running.set(id, abort);
    return settle(async () => {
      try {
        return await work(await this.store(), abort.signal);
      } finally {
        this.running.delete(id);
      }
    });
  }

  private async store(): Promise<ModelStore> {
    this.opened ??= openBrowserStore(() => this.persist());
    const store = await this.opened;
    if (store !== null) return store;
    const message =
      'This browser keeps no models for this page: storage is switched off, or the window is a private one.';
    throw new ForgelightError('invalid-request', message);
  }
}
