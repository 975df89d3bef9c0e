import { ForgelightError } from '../base/errors';
import { systemClock } from '../base/system-clock';
import { parseEngineOptions } from '../protocol/engine-options-schema';
import type { Result } from '../protocol/engine-port';
import type { ExportedModel, ModelStore } from '../store/model-store';
import { readToEnd } from '../store/read-to-end';
import { overMirrors } from '../store/over-mirrors';
import { requireHash } from '../store/require-hash';
import type { ModelEntry, StoreEntry } from '../store/store-list';
import type { OpenedExport, PullOptions, PullProgress, StoreHost } from '../store/store-host';
import { openBrowserStore } from './browser-store';
import { heldSource, repairSource } from './model-sources';
import { PullMeter } from './pull-meter';
import { settle } from './settle';

type Reader = ReadableStreamDefaultReader<Uint8Array>;

const NEVER = new AbortController().signal;

/** The origin's store for a page. */
export class WorkerStore implements StoreHost {
  private opened: Promise<ModelStore | null> | null = null;
  private readonly running = new Map<number, AbortController>();
  private readonly exports = new Map<number, Reader>();
  private exportsOpened = 0;
  private persist = (): void => undefined;

  constructor(private readonly openStore: typeof openBrowserStore = openBrowserStore) {}

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
    return settle(async () => (await this.store()).delete(hashOf(sha256)));
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
      if (typeof load.model !== 'string') throw unkept();
      const meter = new PullMeter(systemClock, onProgress);
      const held = heldSource(load, {
        store,
        whenFull: 'fail',
        onWatched: ({ loadedBytes: loaded, totalBytes: total }) => meter.show({ loaded, total, resumed: 0 }),
      });
      try {
        await overMirrors(held.source, async () => {
          const opened = await held.source.open(signal);
          const { stream, sizeBytes, resumedBytes: resumed = 0 } = opened;
          let loaded = 0;
          await readToEnd(stream, (chunkBytes) => {
            loaded += chunkBytes;
            meter.show({ loaded, total: sizeBytes ?? 0, resumed });
          });
          requireHash(opened, load.sha256);
        });
        meter.end();
        return held.files.flatMap(({ sha256 }) => sha256 ?? []);
      } finally {
        held.close();
      }
    });
  }

  repair(id: number, sha256: string): Promise<Result<void>> {
    return this.abortable(id, (store, signal) => store.repair(hashOf(sha256), repairSource, signal));
  }

  abort(id: number): void {
    this.running.get(id)?.abort(new ForgelightError('aborted', 'The download was stopped. What was received is kept.'));
  }

  openExport(sha256: string): Promise<Result<OpenedExport>> {
    return settle(async () => {
      const store = await this.store();
      const { stream, sizeBytes, fileName }: ExportedModel = await store.export(hashOf(sha256), NEVER);
      const id = (this.exportsOpened += 1);
      this.exports.set(id, stream.getReader());
      return { id, sizeBytes, fileName };
    });
  }

  readExport(id: number): Promise<Result<Uint8Array | null>> {
    return settle(async () => {
      const reader = this.exports.get(id);
      if (reader === undefined) throw new ForgelightError('closed', 'This copy has ended. Begin it again.');
      try {
        const { done, value } = await reader.read();
        if (!done) return value;
      } catch (error) {
        this.exports.delete(id);
        throw error;
      }
      this.exports.delete(id);
      return null;
    });
  }

  async closeExport(id: number): Promise<void> {
    const reader = this.exports.get(id);
    this.exports.delete(id);
    await reader?.cancel(new DOMException('The copy was given up.', 'AbortError'));
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
    this.opened ??= this.openStore(() => this.persist());
    const store = await this.opened;
    if (store !== null) return store;
    // It may be there the next time: a database can be busy.
    this.opened = null;
    const message =
      'This browser keeps no models for this page: storage is switched off, or the window is a private one.';
    throw new ForgelightError('invalid-request', message);
  }
}

/** As `list` tells it, or as a reference to it is written. */
function hashOf(sha256: string): string {
  const hash = /^(?:sha256:)?([0-9a-f]{64})$/i.exec(sha256)?.[1];
  if (hash !== undefined) return hash.toLowerCase();
  const message = `"${sha256}" is no SHA-256: give the 64 hex digits that list() tells.`;
  throw new ForgelightError('invalid-request', message, { param: 'sha256' });
}

function unkept(): ForgelightError {
  const message = 'A file of yours cannot be kept: only what has an address can be fetched again. Give its address.';
  return new ForgelightError('invalid-request', message, { param: 'model' });
}
