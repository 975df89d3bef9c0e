import type { ByteStream } from '../base/byte-stream';
import type { Clock } from '../base/clock';
import { ForgelightError } from '../base/errors';
import { MIB } from '../base/units';
import { StoreFullError } from './store-files';
import type { PartSubject, PartWriter } from './part-writer';

const READ_BYTES = MIB;
const POST_INTERVAL_MS = 250;

export interface KeepingStreamOptions {
  /** The network, from where the part ends. */
  readonly network: ByteStream;
  readonly part: PartWriter;
  readonly subject: PartSubject;
  readonly sizeBytes: number | null;
  /** The first bytes that the part has, with their hash: they are read back before the network is. */
  readonly resumed: { readonly bytes: number; readonly sha256: string };
  /** What the whole must be, where anybody said. */
  readonly expectedSha256: string | null;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly onProgress: (loadedBytes: number) => void;
  /** Everything is in the part, flushed, closed and proven. */
  readonly commit: (sha256: string, sizeBytes: number) => Promise<void>;
  /** The error for no room; `missingBytes` where the size is known. */
  readonly full: (missingBytes: number | null, cause: unknown) => Promise<ForgelightError>;
  /** Where there is no room, the rest passes through unkept, and this hears why not; `null`: that is a failure. */
  readonly unkept: ((missingBytes: number | null) => Promise<void>) | null;
  /** Called once: committed, everything put in order for a later load, or nothing more is kept. */
  readonly onEnd: () => void;
  /** Hears what went wrong while something else is already the reason to end. */
  readonly report: (error: unknown) => void;
}

/**
 * A download that is kept while it passes: part file → hash, then consumer; so is what an earlier download left. When it ends
 * before its time, what there is is flushed and journaled.
 */
export class KeepingStream implements ByteStream {
  private readonly stop = new AbortController();
  private proven: string | null = null;
  private reading: Promise<unknown> = Promise.resolve();
  private settled: Promise<void> | null = null;
  private ended = false;
  /** What comes now is not kept. */
  private passing = false;
  private postedMs = Number.NEGATIVE_INFINITY;

  constructor(private readonly options: KeepingStreamOptions) {
    const { signal } = options;
    if (signal.aborted) this.abort();
    else signal.addEventListener('abort', this.abort, { once: true });
  }

  /** After the stream's end. */
  digest(): string {
    return this.proven ?? this.options.part.sha256();
  }

  async read(): Promise<Uint8Array | null> {
    if (this.proven !== null) return null;
    if (this.stop.signal.aborted) {
      await this.settle(this.stop.signal.reason);
      throw this.stop.signal.reason;
    }
    const reading = this.readOn();
    this.reading = reading.catch(() => undefined);
    try {
      const chunk = await reading;
      if (chunk !== null) this.stop.signal.throwIfAborted();
      return chunk;
    } catch (error) {
      const reason = this.stop.signal.aborted ? this.stop.signal.reason : await this.reasonOf(error);
      this.stop.abort(reason);
      await this.settle(reason);
      throw reason;
    }
  }

  async cancel(reason: unknown): Promise<void> {
    if (this.proven !== null) return;
    this.stop.abort(reason);
    await this.settle(this.stop.signal.reason);
  }

  private readonly abort = (): void => void this.cancel(this.options.signal.reason);

  private async readOn(): Promise<Uint8Array | null> {
    const { part, resumed, network } = this.options;
    if (part.sizeBytes < resumed.bytes) return this.readBack();
    const chunk = await network.read();
    this.stop.signal.throwIfAborted();
    if (chunk === null) return this.finish();
    if (this.passing) part.pass(chunk);
    else await this.keep(chunk);
    this.post();
    return chunk;
  }

  private async keep(chunk: Uint8Array): Promise<void> {
    const { part, sizeBytes, subject } = this.options;
    const before = part.sizeBytes;
    try {
      await part.append(chunk);
      if (part.isDue(sizeBytes)) await part.journal(subject);
    } catch (error) {
      await this.goOnUnkept(error);
      if (part.sizeBytes === before) part.pass(chunk);
    }
  }

  /** Throws what is no lack of room, or has to be a failure. */
  private async goOnUnkept(error: unknown): Promise<void> {
    const { part, subject, sizeBytes, unkept, onEnd } = this.options;
    if (unkept === null || !(error instanceof StoreFullError)) throw error;
    if (part.isAhead && part.isOpen) await this.attempt(() => part.journal(subject));
    await this.attempt(() => part.close());
    this.passing = true;
    await unkept(sizeBytes === null ? null : sizeBytes - part.sizeBytes);
    onEnd();
  }

  private async readBack(): Promise<Uint8Array> {
    const { part, resumed } = this.options;
    const bytes = await part.readBack(READ_BYTES);
    const isRight = part.sizeBytes < resumed.bytes ? bytes.length > 0 : part.sha256() === resumed.sha256;
    if (!isRight) throw await this.refused('What an earlier download left of it was damaged since.');
    this.post();
    return bytes;
  }

  private async finish(): Promise<null> {
    const { part, subject, expectedSha256, commit } = this.options;
    const sha256 = part.sha256();
    if (expectedSha256 !== null && sha256 !== expectedSha256) {
      throw await this.refused(`Its SHA-256 is ${sha256}, expected ${expectedSha256}: it is damaged or another file.`);
    }
    if (!this.passing) {
      try {
        if (part.isAhead) await part.journal(subject);
        await part.close();
        await commit(sha256, part.sizeBytes);
      } catch (error) {
        await this.goOnUnkept(error);
      }
    }
    this.proven = sha256;
    this.end();
    return null;
  }

  /** The bytes are of no use to anybody. */
  private async refused(reason: string): Promise<ForgelightError> {
    if (!this.passing) await this.options.part.discard();
    const message = `${this.options.subject.fileName} was not kept. ${reason} Load it again, or correct the expected hash.`;
    return new ForgelightError('corrupt-model', message);
  }

  private async reasonOf(error: unknown): Promise<unknown> {
    if (!(error instanceof StoreFullError)) return error;
    const { sizeBytes, part, full } = this.options;
    return full(sizeBytes === null ? null : sizeBytes - part.sizeBytes, error);
  }

  /** Puts everything in order for a later load, once; whoever asks waits for it. */
  private settle(reason: unknown): Promise<void> {
    this.settled ??= this.putInOrder(reason);
    return this.settled;
  }

  private async putInOrder(reason: unknown): Promise<void> {
    const { network, part, subject } = this.options;
    await this.attempt(() => network.cancel(reason));
    // What is being written is written to its end.
    await this.reading;
    if (this.proven === null && !this.passing) {
      if (part.isAhead && part.isOpen) await this.attempt(() => part.journal(subject));
      await this.attempt(() => part.close());
    }
    this.end();
  }

  private end(): void {
    if (this.ended) return;
    this.ended = true;
    this.options.signal.removeEventListener('abort', this.abort);
    if (!this.passing) this.options.onEnd();
  }

  private async attempt(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.options.report(error);
    }
  }

  private post(): void {
    const nowMs = this.options.clock.now();
    if (nowMs - this.postedMs < POST_INTERVAL_MS) return;
    this.postedMs = nowMs;
    this.options.onProgress(this.options.part.sizeBytes);
  }
}
