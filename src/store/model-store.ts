import type { Clock } from '../base/clock';
import { ForgelightError } from '../base/errors';
import type { KeptFile } from './hub-source';
import { ModelEntries, type StoredModel } from './model-entries';
import { journalGrain as defaultGrain } from './part-writer';
import { readToEnd } from './read-to-end';
import type { ModelSource } from './source';
import type { StoreDeps } from './store-deps';
import { couldGo, listModels, listPartials, type ModelEntry, type StoreEntry } from './store-list';
import { lockName, partKey, partPath } from './store-names';
import type { StorePorts } from './store-ports';
import { storedModel } from './stored-model';
import { allSets, leaving } from './stored-sets';
import { StoredSource, type StoredSourceOptions } from './stored-source';
import { sweep } from './sweep';

export interface ModelStoreOptions {
  readonly clock: Clock;
  /** Milliseconds since 1970: when models were made and used. */
  readonly now: () => number;
  /** Hears of failures that are no reason to fail. */
  readonly report: (error: unknown) => void;
  /** Bytes of a download that a crash may cost, by the size of the file. Default: half a percent, from 256 KiB to 8 MiB. */
  readonly journalGrain?: (sizeBytes: number) => number;
  /** What else can be done where there is no room: a sentence. Default: what a page can. */
  readonly otherwise?: string;
}

const UNKEPT = 'Or load it without keeping it (keep: false).';

export interface ExportedModel {
  /** Read to its end or cancelled: until then the model is in use. */
  readonly stream: ReadableStream<Uint8Array<ArrayBuffer>>;
  readonly sizeBytes: number;
  readonly fileName: string;
}

/**
 * Models, kept under the SHA-256 of their bytes: nothing lost, nothing half-read, one download for all tabs. Several of these
 * may work on the same ports' ground at once, in as many tabs or processes.
 */
export class ModelStore {
  private readonly deps: StoreDeps;

  constructor(ports: StorePorts, options: ModelStoreOptions) {
    const { clock, now, report, journalGrain = defaultGrain, otherwise = UNKEPT } = options;
    this.deps = { ports, entries: new ModelEntries(ports, now), clock, journalGrain, report, otherwise };
  }

  /** `source` with this store before it. The caller closes it when the model is not in use any more. */
  source(source: ModelSource, options: StoredSourceOptions = {}): StoredSource {
    return new StoredSource(this.deps, source, options);
  }

  /** A model that has to be there: the reference `sha256:` and 64 digits. */
  stored(sha256: string): StoredSource {
    return new StoredSource(this.deps, null, { sha256 });
  }

  /** What there is under a hash; `file` is the caller's to close. */
  read(sha256: string): Promise<StoredModel> {
    return this.deps.entries.read(sha256);
  }

  /** Everything that is there: whole, damaged, unfinished. */
  async list(): Promise<readonly StoreEntry[]> {
    return [...(await listModels(this.deps)), ...(await listPartials(this.deps))];
  }

  /** Of sound models, the addresses that begin so. */
  async kept(addressStart: string): Promise<readonly KeptFile[]> {
    const models = await listModels(this.deps);
    return models
      .filter(({ state }) => state === 'ok')
      .flatMap(({ names, sizeBytes, sha256 }) =>
        names.filter((name) => name.startsWith(addressStart)).map((address) => ({ address, sizeBytes, sha256 })),
      );
  }

  /** Bytes of all files. */
  async totalBytes(): Promise<number> {
    const { files } = this.deps.ports;
    const folders = [await files.list('blobs'), await files.list('parts'), await files.list('quarantine')];
    return folders.flat().reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  }

  /** Who could go to make room, damaged ones first, then the least recently used. Nothing is deleted. */
  couldGo(missingBytes: number): Promise<readonly ModelEntry[]> {
    return couldGo(this.deps, missingBytes);
  }

  /**
   * A file, or all parts of a split model but for those that another one has too. `false` where it was not there. Throws `busy` while it is loaded,
   * in any tab.
   */
  async delete(sha256: string): Promise<boolean> {
    const { entries } = this.deps;
    const sets = (await entries.hashes()).includes(sha256) ? [] : await allSets(await this.list());
    const set = sets.find((each) => each.sha256 === sha256);
    if (set === undefined) return entries.delete(sha256);
    const { own, shared } = leaving([set], sets);
    for (const part of own) await entries.delete(part.sha256);
    for (const { part } of shared) await entries.removeNames(part.sha256, set.addresses);
    return true;
  }

  /** These addresses stand for a file no longer: what another split model keeps. */
  removeNames(sha256: string, addresses: readonly string[]): Promise<void> {
    return this.deps.entries.removeNames(sha256, addresses);
  }

  /** Forgets an unfinished download, by the address in the list; `false` where there was none. Throws `busy` while it runs, in any tab. */
  async discard(address: string): Promise<boolean> {
    const { files, locks, records } = this.deps.ports;
    const key = await partKey(address);
    const lock = await locks.tryAcquire(lockName.download(key), 'exclusive');
    if (lock === null) {
      throw new ForgelightError('busy', `${address} is being downloaded, in this tab or another one. Stop that first.`);
    }
    try {
      const { state } = await records.get('parts', key);
      if (state !== 'absent') await records.delete('parts', key);
      return (await files.remove(partPath(key))) || state !== 'absent';
    } finally {
      lock.release();
    }
  }

  /** The file, a split model as one, for a copy elsewhere. Throws `invalid-request` where it is not there, and as a load does. */
  async export(sha256: string, signal: AbortSignal): Promise<ExportedModel> {
    const held: StoredSource[] = [];
    const close = (): void => held.forEach((file) => file.close());
    const source = storedModel(this, sha256, (file) => {
      held.push(file);
      return file;
    });
    try {
      const { stream, sizeBytes, fileName } = await source.open(signal);
      const readable = new ReadableStream<Uint8Array<ArrayBuffer>>({
        async pull(controller) {
          try {
            const chunk = await stream.read();
            if (chunk !== null) return controller.enqueue(new Uint8Array(chunk));
            close();
            return controller.close();
          } catch (error) {
            close();
            throw error;
          }
        },
        async cancel(reason) {
          await stream.cancel(reason);
          close();
        },
      });
      return { stream: readable, sizeBytes: sizeBytes ?? 0, fileName };
    } catch (error) {
      close();
      throw error;
    }
  }

  /** Fetches a model into the store; no device is needed. Returns its hash. Throws as a load does. */
  async pull(
    source: ModelSource,
    signal: AbortSignal,
    options: StoredSourceOptions & { readonly onProgress?: (loadedBytes: number, totalBytes: number) => void } = {},
  ): Promise<string> {
    const kept = this.source(source, options);
    try {
      const { stream, sizeBytes, digest } = await kept.open(signal);
      let loadedBytes = 0;
      await readToEnd(stream, (chunkBytes) => {
        loadedBytes += chunkBytes;
        options.onProgress?.(loadedBytes, sizeBytes ?? 0);
      });
      if (digest === undefined) throw unkept(source.label);
      return digest();
    } finally {
      kept.close();
    }
  }

  /** Fetches a damaged model again, or what is damaged of a split one, from the addresses it came from: `sourceOf` makes a source of one. */
  async repair(sha256: string, sourceOf: (address: string) => ModelSource, signal: AbortSignal): Promise<void> {
    for (const file of await this.filesOf(sha256)) await this.repairFile(file, sourceOf, signal);
  }

  private async repairFile(
    sha256: string,
    sourceOf: (address: string) => ModelSource,
    signal: AbortSignal,
  ): Promise<void> {
    const model = await this.read(sha256);
    if (model.state === 'ok') return model.file.close();
    if (model.state === 'absent') {
      throw new ForgelightError(
        'invalid-request',
        `The model ${sha256} is not in the store: load it from its address.`,
      );
    }
    await this.deps.entries.quarantine(sha256, model.reason, model.record);
    const names = await this.deps.entries.namesOf(sha256);
    const failures: unknown[] = [];
    for (const address of names) {
      try {
        await this.pull(sourceOf(address), signal, { sha256 });
        return undefined;
      } catch (error) {
        signal.throwIfAborted();
        // Another address needs the same room.
        if (error instanceof ForgelightError && error.code === 'quota-exceeded') throw error;
        failures.push(error);
      }
    }
    const last = failures.at(-1);
    const reason = last instanceof Error ? last.message : '';
    const why =
      failures.length === 0
        ? 'it is not known where it came from'
        : `none of its addresses (${names.length}) gave it. ${reason} Or else`;
    const advice = 'delete it, and load it from another address or its file.';
    const message = `The model ${sha256} cannot be repaired: ${why}: ${advice}`;
    throw new ForgelightError('corrupt-model', message, { cause: last });
  }

  /** The hashes of the files that a hash stands for: its own, or those of a split model's parts. */
  private async filesOf(sha256: string): Promise<readonly string[]> {
    if ((await this.deps.entries.hashes()).includes(sha256)) return [sha256];
    const set = (await allSets(await this.list())).find((each) => each.sha256 === sha256);
    return set?.parts.map((part) => part.sha256) ?? [sha256];
  }

  /** Removes what nothing speaks of; returns the bytes that are free again. For a host, once, when it has time. */
  sweep(): Promise<number> {
    return sweep(this.deps);
  }

  /** Asks that the browser keeps the models also when the disk gets full; whether it will. */
  persist(): Promise<boolean> {
    return this.deps.ports.space.persist();
  }

  /** What the whole origin uses; `null` where nobody can tell. */
  usageBytes(): Promise<number | null> {
    return this.deps.ports.space.usageBytes();
  }
}

function unkept(label: string): ForgelightError {
  return new ForgelightError('invalid-request', `${label} has no address: it cannot be kept.`, { param: 'model' });
}
