import { assert } from '../base/assert';
import { ForgelightError } from '../base/errors';
import { KeepingStream } from './keeping-stream';
import { findPart, PartWriter, type FoundPart } from './part-writer';
import type { ModelSource, OpenedModel } from './source';
import type { StoreDeps } from './store-deps';
import { StoreFullError } from './store-files';
import { quotaError, unkeptNote } from './store-list';

export interface KeepDownloadOptions {
  readonly source: ModelSource;
  readonly address: string;
  readonly key: string;
  readonly expectedSha256: string | null;
  /** Keeps the finished model from being deleted. */
  readonly hold: (sha256: string) => Promise<void>;
  /** Where there is no room, go on without keeping; else it is a failure. */
  readonly passWhenFull: boolean;
  /** The download is over, whole or not: others may have its lock. */
  readonly onEnd: () => void;
}

/** `stored`: it turned out to be in the store, under the address now. `no-room`: nothing can be kept, and that is no failure. */
export type Joined =
  | { readonly state: 'opened'; readonly opened: OpenedModel }
  | { readonly state: 'stored' }
  | { readonly state: 'no-room' };

type Resumable = Extract<FoundPart, { state: 'resumable' }>;
const STORED: Joined = { state: 'stored' };

/** One download into the store, from where an earlier one ended. Its lock is held. */
export class KeepDownload {
  private part: PartWriter | null = null;
  private network: OpenedModel | null = null;

  constructor(
    private readonly deps: StoreDeps,
    private readonly options: KeepDownloadOptions,
  ) {}

  /** `onEnd` is called only after `opened`. */
  async open(signal: AbortSignal): Promise<Joined> {
    try {
      return await this.join(signal);
    } catch (error) {
      await this.abandon(error);
      if (!(error instanceof StoreFullError)) throw error;
      const { address, passWhenFull } = this.options;
      if (passWhenFull) return { state: 'no-room' };
      throw await quotaError(this.deps, this.network?.fileName ?? address, this.network?.sizeBytes ?? null, error);
    }
  }

  private async join(signal: AbortSignal): Promise<Joined> {
    const { ports } = this.deps;
    const { source, key, expectedSha256 } = this.options;
    let found = await findPart(ports, key, expectedSha256);
    this.part = await PartWriter.open(this.deps, key);
    if (found.state === 'resumable' && this.part.fileBytes < found.journal.durableBytes) {
      if (await this.isCommitted(found)) return STORED;
      found = await this.takeBack(found);
    }
    const resumePoint =
      found.state === 'resumable'
        ? { position: found.journal.durableBytes, identity: found.journal.identity }
        : undefined;
    this.network = await source.open(signal, resumePoint);
    refuseOther(this.network, expectedSha256);
    if (await this.isKnown(this.network)) return STORED;
    const resumed = await this.begin(this.part, this.network, found);
    await this.askToPersist();
    return { state: 'opened', opened: this.stream(this.part, this.network, resumed, signal) };
  }

  /** It ended between the record and the journal's end: the file has gone into the store, and the record is there. */
  private async isCommitted({ journal }: Resumable): Promise<boolean> {
    const { entries } = this.deps;
    const { durableSha256 } = journal;
    const whole = await entries.read(durableSha256);
    if (whole.state !== 'ok') return false;
    await whole.file.close();
    await entries.addName(durableSha256, this.options.address);
    await this.part?.discard();
    return true;
  }

  /** It ended between the file's move and the record: the file becomes a part again. */
  private async takeBack(found: Resumable): Promise<FoundPart> {
    const { key } = this.options;
    await this.part?.close();
    await this.deps.entries.takeBack(found.journal.durableSha256, key);
    this.part = await PartWriter.open(this.deps, key);
    if (this.part.fileBytes >= found.journal.durableBytes) return found;
    return { state: 'none', note: 'What an earlier download left of the file is gone: it begins again.' };
  }

  /** The server says which file it is, and the store has that from elsewhere. */
  private async isKnown(network: OpenedModel): Promise<boolean> {
    const { entries } = this.deps;
    const { expectedSha256, address } = this.options;
    if (network.sha256 === null || expectedSha256 !== null) return false;
    const model = await entries.read(network.sha256);
    if (model.state !== 'ok') return false;
    await model.file.close();
    await network.stream.cancel(new DOMException('The store has the file.', 'AbortError'));
    await entries.addName(network.sha256, address);
    await this.part?.discard();
    return true;
  }

  private async begin(
    part: PartWriter,
    network: OpenedModel,
    found: FoundPart,
  ): Promise<{ bytes: number; sha256: string; note: string | null }> {
    const startsAt = network.startsAt ?? 0;
    if (found.state === 'resumable' && startsAt === found.journal.durableBytes) {
      await part.keep(startsAt);
      return { bytes: startsAt, sha256: found.journal.durableSha256, note: null };
    }
    assert(startsAt === 0, 'a source begins where it was asked to, or at the first byte');
    await part.begin();
    const note = found.state === 'none' ? found.note : restartNote(network.restarted);
    return { bytes: 0, sha256: '', note };
  }

  /** When the first model is about to be kept: the browser then knows what for. It may ask the user, so nobody waits. */
  private async askToPersist(): Promise<void> {
    const { entries, ports, report } = this.deps;
    if ((await entries.hashes()).length === 0) void ports.space.persist().catch(report);
  }

  private stream(
    part: PartWriter,
    network: OpenedModel,
    resumed: { bytes: number; sha256: string; note: string | null },
    signal: AbortSignal,
  ): OpenedModel {
    const { entries, clock, report, ports } = this.deps;
    const { address, key, expectedSha256, hold, passWhenFull, onEnd } = this.options;
    const { fileName, sizeBytes, identity } = network;
    const promised = expectedSha256 ?? network.sha256;
    const notes = [...(network.notes ?? []), ...(resumed.note === null ? [] : [resumed.note])];
    const unsaid = { sizeBytes, etag: null, lastModified: null, sha256: network.sha256 };
    const stream = new KeepingStream({
      network: network.stream,
      part,
      subject: { address, fileName, identity: identity ?? unsaid },
      sizeBytes,
      resumed,
      expectedSha256: promised,
      clock,
      signal,
      report,
      onEnd,
      onProgress: (loadedBytes) =>
        ports.channel.post({ kind: 'progress', key, loadedBytes, totalBytes: sizeBytes ?? 0 }),
      unkept: passWhenFull
        ? async (missingBytes) => void notes.push(await unkeptNote(this.deps, fileName, missingBytes))
        : null,
      full: (missingBytes, cause) => quotaError(this.deps, fileName, missingBytes, cause),
      commit: async (sha256, wholeBytes) => {
        await hold(sha256);
        await entries.commit({ key, address, fileName, sha256, sizeBytes: wholeBytes });
      },
    });
    return {
      stream,
      sizeBytes,
      sha256: promised,
      fileName,
      resumedBytes: resumed.bytes,
      digest: () => stream.digest(),
      ...(identity === undefined ? {} : { identity }),
      notes,
    };
  }

  private async abandon(reason: unknown): Promise<void> {
    const { report } = this.deps;
    await this.network?.stream.cancel(reason).catch(report);
    await this.part?.close().catch(report);
  }
}

/** Gigabytes would come first otherwise, and be dropped. */
function refuseOther({ fileName, sha256 }: OpenedModel, expectedSha256: string | null): void {
  if (expectedSha256 === null || sha256 === null || sha256 === expectedSha256) return;
  const message =
    `${fileName} was not fetched: its server says that its SHA-256 is ${sha256}, expected ${expectedSha256}. ` +
    'Correct the expected hash, or the address.';
  throw new ForgelightError('corrupt-model', message);
}

function restartNote(restarted: OpenedModel['restarted']): string {
  if (restarted === 'changed') return 'The file changed on the server since the earlier download: it is fetched again.';
  return 'The server cannot go on with an earlier download (no range requests): it is fetched again.';
}
