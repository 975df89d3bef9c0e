import { assert } from '../base/assert';
import { ForgelightError } from '../base/errors';
import * as v from 'valibot';
import { runningHash } from './hashing';
import { KeepDownload, type Joined } from './keep-download';
import type { ModelRecord } from './model-record';
import type { ModelSource, OpenedModel } from './source';
import type { StoreDeps } from './store-deps';
import { unkeptNote } from './store-list';
import type { HeldLock } from './store-locks';
import { lockName, partKey } from './store-names';
import { damagedModel, StoredStream } from './stored-stream';

export interface StoredSourceOptions {
  /** What the file must be, lower-case hex; it is then found under any name. */
  readonly sha256?: string | null;
  /** `false`: what is not in the store passes through and is not kept. Default `true`. */
  readonly keep?: boolean;
  /** Where there is no room: `pass`, as if `keep` were `false` from there on, with a note; `fail`, the default, with `quota-exceeded`. */
  readonly whenFull?: 'fail' | 'pass';
  /** Hears how far another tab's download of the same file is, while this one waits for it. `totalBytes` is 0 while unknown. */
  readonly onWatched?: (progress: { readonly loadedBytes: number; readonly totalBytes: number }) => void;
}

const progressMessage = v.object({
  kind: v.literal('progress'),
  key: v.string(),
  loadedBytes: v.number(),
  totalBytes: v.number(),
});

/**
 * A source with a store before it: out of the store, or else out of `source` and into the store in one pass. Of all tabs that
 * want the same file one downloads. What was opened stays in use, so that nobody deletes it, until `close`.
 * Without a `source` it is a model that has to be there (`sha256:` and its hash).
 */
export class StoredSource implements ModelSource {
  readonly label: string;
  readonly address?: string;
  private held: { readonly sha256: string; readonly lock: HeldLock } | null = null;

  constructor(
    private readonly deps: StoreDeps,
    private readonly source: ModelSource | null,
    private readonly options: StoredSourceOptions,
  ) {
    assert(
      source !== null || typeof options.sha256 === 'string',
      'a stored model is named by an address or by its hash',
    );
    this.label = source?.label ?? `sha256:${options.sha256}`;
    if (source?.address !== undefined) this.address = source.address;
  }

  /** Besides what `source` throws: `corrupt-model`, `quota-exceeded`, and `invalid-request` where the store does not have it. */
  async open(signal: AbortSignal): Promise<OpenedModel> {
    try {
      return await this.openAny(signal);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  passOver(error: unknown): boolean {
    return this.source?.passOver?.(error) === true;
  }

  /** What it was opened as; `null` before, and where nothing of it is in the store. */
  get sha256(): string | null {
    return this.held?.sha256 ?? null;
  }

  /** It is not used any more: it may be deleted. A failed `open` needs none. */
  close(): void {
    this.held?.lock.release();
    this.held = null;
  }

  private async openAny(signal: AbortSignal): Promise<OpenedModel> {
    const { source } = this;
    const { keep = true } = this.options;
    const stored = await this.openStored(signal);
    if (stored !== null) return stored;
    if (source === null) throw this.unknown();
    if (!keep || source.address === undefined) return source.open(signal);
    const key = await partKey(source.address);
    const lock = await this.downloadLock(key, signal);
    try {
      return await this.openLocked(source, source.address, key, lock, signal);
    } catch (error) {
      lock.release();
      throw error;
    }
  }

  /** Nobody else downloads it now. Whoever did may be done, or gone: everything is looked at again. */
  private async openLocked(
    source: ModelSource,
    address: string,
    key: string,
    lock: HeldLock,
    signal: AbortSignal,
  ): Promise<OpenedModel> {
    for (;;) {
      signal.throwIfAborted();
      const stored = await this.openStored(signal);
      if (stored !== null) {
        lock.release();
        return stored;
      }
      const download = new KeepDownload(this.deps, {
        source,
        address,
        key,
        expectedSha256: this.options.sha256 ?? null,
        hold: (sha256) => this.hold(sha256, signal),
        passWhenFull: this.options.whenFull === 'pass',
        onEnd: () => lock.release(),
      });
      const joined: Joined = await download.open(signal);
      if (joined.state === 'opened') return joined.opened;
      if (joined.state === 'no-room') {
        lock.release();
        const opened = await source.open(signal);
        return { ...opened, notes: [await unkeptNote(this.deps, opened.fileName, opened.sizeBytes)] };
      }
    }
  }

  /** `null` where it has to be fetched. */
  private async openStored(signal: AbortSignal): Promise<OpenedModel | null> {
    const { entries } = this.deps;
    const { address } = this;
    const sha256 = this.options.sha256 ?? (address === undefined ? null : await entries.find(address));
    if (sha256 === null) return null;
    await this.hold(sha256, signal);
    const model = await entries.read(sha256);
    switch (model.state) {
      case 'ok':
        // Parts are put together by their addresses. A load works without, so that no failure ends it.
        if (address !== undefined && !model.record.names.includes(address)) {
          await entries.addName(sha256, address).catch(this.deps.report);
        }
        return this.openFile(model, signal);
      case 'absent':
        this.close();
        return null;
      case 'corrupt': {
        this.close();
        const { record, reason } = model;
        const isKnown = record !== null && record.quarantine !== null;
        // It was told before, and now it is asked for again: it is fetched anew, where that is possible.
        if (isKnown && this.source?.address !== undefined) return null;
        if (!isKnown) await entries.quarantine(sha256, reason, record).catch(this.deps.report);
        throw damagedModel(record ?? { fileName: this.label, sha256 }, reason);
      }
    }
  }

  private async openFile(
    { record, file }: { readonly record: ModelRecord; readonly file: Parameters<typeof openStream>[1] },
    signal: AbortSignal,
  ): Promise<OpenedModel> {
    const { entries, report } = this.deps;
    const { sha256, sizeBytes, fileName } = record;
    const stream = await openStream(record, file, signal, {
      report,
      onDamage: async (reason) => {
        this.close();
        await entries.quarantine(sha256, reason, record);
      },
      onProven: async () => {
        // Only an order of use: no reason to fail.
        await entries.touch(sha256).catch(report);
      },
    });
    return { stream, sizeBytes, sha256, fileName, resumedBytes: sizeBytes, digest: () => stream.digest() };
  }

  /** From now on nobody deletes it. */
  private async hold(sha256: string, signal: AbortSignal): Promise<void> {
    if (this.held?.sha256 === sha256) return;
    this.close();
    const lock = await this.deps.ports.locks.acquire(lockName.blob(sha256), { mode: 'shared', signal });
    this.held = { sha256, lock };
  }

  private async downloadLock(key: string, signal: AbortSignal): Promise<HeldLock> {
    const { locks, channel } = this.deps.ports;
    const name = lockName.download(key);
    const lock = await locks.tryAcquire(name, 'exclusive');
    if (lock !== null) return lock;
    const stopListening = channel.listen((message) => {
      const parsed = v.safeParse(progressMessage, message);
      if (parsed.success && parsed.output.key === key) this.options.onWatched?.(parsed.output);
    });
    try {
      return await locks.acquire(name, { mode: 'exclusive', signal });
    } finally {
      stopListening();
    }
  }

  private unknown(): ForgelightError {
    const message = `The model "${this.label}" is not in the store. Give its address or its file instead.`;
    return new ForgelightError('invalid-request', message, { param: 'model' });
  }
}

type StreamOptions = ConstructorParameters<typeof StoredStream>[0];

async function openStream(
  record: ModelRecord,
  file: StreamOptions['file'],
  signal: AbortSignal,
  events: Pick<StreamOptions, 'onDamage' | 'onProven' | 'report'>,
): Promise<StoredStream> {
  return new StoredStream({ record, file, signal, hash: await runningHash(), ...events });
}
