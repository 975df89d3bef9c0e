import type { ByteStream } from '../base/byte-stream';
import { ForgelightError, type ErrorCode } from '../base/errors';
import type { ModelSource, OpenedModel } from './source';

/** What another address may do better. What a file *is* cannot be mended so: there the first word is the last. */
const ADDRESS_FAILURES: readonly ErrorCode[] = ['network', 'timeout', 'range-unsupported'];

/**
 * One file at several addresses, tried in their order: the next one when an address fails, before its first byte or for good
 * later. Then it goes on where the one before broke off; what came before is fetched again and dropped. All of them have the
 * same SHA-256, which whoever reads holds against the bytes; an address that admits to another hash or size is passed over.
 */
export function mirroredSource(sources: readonly ModelSource[], sha256: string): ModelSource {
  return {
    label: sources[0]?.label ?? '',
    async open(signal) {
      const stream = new MirroredStream(sources, sha256, signal);
      const { sizeBytes, fileName } = await stream.open();
      return { stream, sizeBytes, fileName, sha256 };
    },
  };
}

class MirroredStream implements ByteStream {
  private readonly stop = new AbortController();
  private readonly signal: AbortSignal;
  private readonly failures: ForgelightError[] = [];
  private current: ByteStream | null = null;
  private sizeBytes: number | null = null;
  /** Bytes that were given to the reader. */
  private position = 0;
  /** Bytes of the current address that the reader has already. */
  private skip = 0;

  constructor(
    private readonly sources: readonly ModelSource[],
    private readonly sha256: string,
    signal: AbortSignal,
  ) {
    this.signal = AbortSignal.any([signal, this.stop.signal]);
  }

  /** Opens the first address that answers. */
  async open(): Promise<OpenedModel> {
    for (;;) {
      this.signal.throwIfAborted();
      const source = this.sources[this.failures.length];
      if (source === undefined) throw this.allFailed();
      try {
        const opened = await source.open(this.signal);
        this.current = opened.stream;
        this.refuseOthers(source, opened);
        this.sizeBytes ??= opened.sizeBytes;
        this.skip = this.position;
        return opened;
      } catch (error) {
        await this.failed(error);
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
        await this.failed(error);
      }
    }
  }

  async cancel(reason: unknown): Promise<void> {
    this.stop.abort(reason);
    await this.current?.cancel(reason);
  }

  /** Empty where all of the chunk came before. */
  private async readOnce(): Promise<Uint8Array | null> {
    const chunk = (await this.current?.read()) ?? null;
    if (chunk === null) return null;
    const fresh = chunk.subarray(this.skip);
    this.skip -= chunk.length - fresh.length;
    this.position += fresh.length;
    return fresh;
  }

  /** Notes why an address is given up; throws what no other address can mend. */
  private async failed(error: unknown): Promise<void> {
    const { current } = this;
    this.current = null;
    if (this.signal.aborted) throw this.signal.reason;
    if (!(error instanceof ForgelightError) || !ADDRESS_FAILURES.includes(error.code)) throw error;
    this.failures.push(error);
    await current?.cancel(error);
  }

  private refuseOthers({ label }: ModelSource, { sha256, sizeBytes }: OpenedModel): void {
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
