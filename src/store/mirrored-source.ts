import { defined } from '../base/assert';
import type { ByteStream } from '../base/byte-stream';
import { ForgelightError, type ErrorCode } from '../base/errors';
import { runningHash, type RunningHash } from './hashing';
import type { ModelSource, OpenedModel, ResumePoint } from './source';

/** What another address may do better. What a file *is* cannot be mended so: there the first word is the last. */
const ADDRESS_FAILURES: readonly ErrorCode[] = ['network', 'timeout', 'range-unsupported'];
/** Before its first byte an address may also say that it has another file than is wanted, or a damaged one: the next one need not. */
const OPEN_FAILURES: readonly ErrorCode[] = [...ADDRESS_FAILURES, 'corrupt-model'];

/**
 * One file at several addresses, tried in their order: the next one when an address fails, before its first byte or for good
 * later. Then it goes on where the one before broke off; what an address without ranges sends again is dropped. All of them have the
 * same SHA-256, which whoever reads holds against the bytes; an address that admits to another hash or size is passed over, and so is by `passOver`
 * one whose last byte told. `before`: what is to be said of them already.
 */
export function mirroredSource(
  sources: readonly ModelSource[],
  sha256: string,
  before: readonly string[] = [],
): ModelSource {
  const [first] = sources;
  const wrong = new Set<ModelSource>();
  const notes = [...before];
  let stream: MirroredStream | null = null;
  return {
    label: first?.label ?? '',
    ...(first?.address === undefined ? {} : { address: first.address }),
    passOver(error) {
      const source = stream?.source;
      stream = null;
      if (source === undefined || !isOther(error) || wrong.size + 1 >= sources.length) return false;
      wrong.add(source);
      notes.push(passedOver(source));
      return true;
    },
    async open(signal, from) {
      const left = sources.filter((source) => !wrong.has(source));
      const opening = new MirroredStream(left, sha256, signal, from, [...notes]);
      stream = opening;
      return openedAs(opening, sha256);
    },
  };
}

/** What was read to its end is another file than was promised, or a damaged one. */
export function isOther(error: unknown): boolean {
  return error instanceof ForgelightError && error.code === 'corrupt-model';
}

export function passedOver({ label }: ModelSource): string {
  return `${label} has another file than is wanted, or a damaged one, as its end told: the next address was asked.`;
}

async function openedAs(stream: MirroredStream, sha256: string): Promise<OpenedModel> {
  const { sizeBytes, fileName, startsAt = 0, restarted, resumedBytes } = await stream.open();
  return {
    stream,
    sizeBytes,
    fileName,
    sha256,
    notes: stream.notes,
    startsAt,
    // Whichever address goes on: the hash alone says that it is the same file.
    identity: { ...UNSAID, sizeBytes, sha256 },
    ...(restarted === undefined ? {} : { restarted }),
    ...(resumedBytes === undefined ? {} : { resumedBytes }),
    ...(stream.hasDigest ? { digest: () => stream.digest() } : {}),
  };
}

/** No address knows another one's ETag or date. */
const UNSAID = { sizeBytes: null, etag: null, lastModified: null, sha256: null };

class MirroredStream implements ByteStream {
  private readonly stop = new AbortController();
  private readonly signal: AbortSignal;
  private readonly failures: ForgelightError[] = [];
  private current: OpenedModel | null = null;
  private sizeBytes: number | null = null;
  /** Of the next byte for the reader. */
  private position: number;
  /** The reader was told where it begins, and has what lies before `position`. */
  private isBegun = false;
  /** Bytes of the current address that the reader has already. */
  private skip = 0;
  /** Of what the reader has, where addresses have hashes of their own, as sets of parts do: theirs is of more than what the reader got from them. */
  private passed: RunningHash | null = null;
  /** Of what the current address has of that, until it is all there. */
  private repeated: RunningHash | null = null;

  constructor(
    private readonly sources: readonly ModelSource[],
    private readonly sha256: string,
    signal: AbortSignal,
    private readonly from: ResumePoint | undefined,
    /** What is to be said of the addresses; whole at the end. */
    readonly notes: string[],
  ) {
    this.position = from?.position ?? 0;
    this.signal = AbortSignal.any([signal, this.stop.signal]);
  }

  /** Opens the first address that answers. */
  async open(): Promise<OpenedModel> {
    for (;;) {
      this.signal.throwIfAborted();
      const { source } = this;
      if (source === undefined) throw this.allFailed();
      try {
        const opened = await source.open(this.signal, this.resumePoint());
        this.current = opened;
        this.refuseOthers(source, opened);
        this.sizeBytes ??= opened.sizeBytes;
        const { startsAt = 0 } = opened;
        if (!this.isBegun) this.position = startsAt;
        if (!this.isBegun && opened.digest !== undefined) this.passed = await runningHash();
        this.isBegun = true;
        this.skip = this.position - startsAt;
        this.repeated = this.passed === null || this.skip === 0 ? null : await runningHash();
        return opened;
      } catch (error) {
        await this.failed(error, OPEN_FAILURES);
      }
    }
  }

  async read(): Promise<Uint8Array | null> {
    for (;;) {
      this.signal.throwIfAborted();
      if (this.current === null) await this.open();
      try {
        const chunk = await this.readOnce();
        if (chunk === null || chunk.length > 0) return chunk;
      } catch (error) {
        await this.failed(error, ADDRESS_FAILURES);
      }
    }
  }

  async cancel(reason: unknown): Promise<void> {
    this.stop.abort(reason);
    await this.current?.stream.cancel(reason);
  }

  /** Whom it reads from, or has read to the end. */
  get source(): ModelSource | undefined {
    return this.sources[this.failures.length];
  }

  get hasDigest(): boolean {
    return this.passed !== null;
  }

  /** What the address that ended it says: its beginning was that of the others. Only after the end. */
  digest(): string {
    return defined(this.current?.digest, 'a hash')();
  }

  private resumePoint(): ResumePoint | undefined {
    const { position } = this;
    const sizeBytes = this.sizeBytes ?? this.from?.identity.sizeBytes ?? null;
    return position === 0 ? undefined : { position, identity: { ...UNSAID, sizeBytes } };
  }

  /** Empty where all of the chunk came before. */
  private async readOnce(): Promise<Uint8Array | null> {
    const chunk = (await this.current?.stream.read()) ?? null;
    if (chunk === null) {
      this.checkRepeated();
      this.note(this.current);
      return null;
    }
    const fresh = chunk.subarray(this.skip);
    this.repeated?.update(chunk.subarray(0, this.skip));
    this.skip -= chunk.length - fresh.length;
    if (this.skip === 0) this.checkRepeated();
    this.passed?.update(fresh);
    this.position += fresh.length;
    return fresh;
  }

  /** Throws where the current address does not begin with what the reader has: its hash would say nothing of that. */
  private checkRepeated(): void {
    const { repeated } = this;
    this.repeated = null;
    if (repeated === null || repeated.soFar() === this.passed?.soFar()) return;
    const { label = '' } = this.source ?? {};
    const message = `${label} does not have the file that the address before it began with. Load the model again.`;
    throw new ForgelightError('corrupt-model', message);
  }

  /** Notes why an address is given up; throws what no other address can mend. */
  private async failed(error: unknown, passable: readonly ErrorCode[]): Promise<void> {
    const { current } = this;
    this.current = null;
    if (this.signal.aborted) throw this.signal.reason;
    if (!(error instanceof ForgelightError) || !passable.includes(error.code)) throw error;
    this.failures.push(error);
    await current?.stream.cancel(error);
    this.note(current);
  }

  private note(opened: OpenedModel | null): void {
    for (const note of opened?.notes ?? []) if (!this.notes.includes(note)) this.notes.push(note);
  }

  private refuseOthers({ label }: ModelSource, { sha256, sizeBytes, digest }: OpenedModel): void {
    if (this.passed !== null && digest === undefined) {
      const message = `${label} is one file, where the address before it has parts: mirrors of parts must be parts.`;
      throw new ForgelightError('network', message);
    }
    if (sha256 !== null && sha256 !== this.sha256) {
      throw new ForgelightError(
        'network',
        `${label} has another file: its SHA-256 is ${sha256}, expected ${this.sha256}.`,
      );
    }
    if (sizeBytes === null || this.sizeBytes === null || sizeBytes === this.sizeBytes) return;
    throw new ForgelightError('network', `${label} has another file: ${sizeBytes} bytes instead of ${this.sizeBytes}.`);
  }

  private allFailed(): ForgelightError {
    const last = this.failures.at(-1);
    if (last !== undefined && this.failures.length === 1) return last;
    const reasons = this.failures.map(({ message }) => message).join(' ');
    return new ForgelightError('network', `None of ${this.failures.length} addresses gave the model. ${reasons}`, {
      cause: last,
    });
  }
}
