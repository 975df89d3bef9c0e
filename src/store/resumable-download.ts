import type { ByteStream } from '../base/byte-stream';
import { ForgelightError } from '../base/errors';
import { formatBytes } from '../base/units';
import { Connection, type ConnectionOptions } from './connection';
import {
  contentLength,
  contentRange,
  identityOf,
  ifRangeOf,
  isEncoded,
  maybeSameFile,
  type FileIdentity,
} from './file-identity';
import { failureOf, TransientFailure } from './http-failure';
import type { ResumePoint } from './source';
import { pause } from './waiting';

export interface DownloadOptions extends ConnectionOptions {
  /** Gives numbers from 0 to below 1, for the jitter. */
  readonly random: () => number;
  /** How often in a row the download may fail without a single new byte. */
  readonly maxAttempts: number;
  /** Only the beginning is wanted: the file is asked for in ranges, the first so long and each twice as long as the one before. */
  readonly firstBytes?: number;
}

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 8_000;
/** A server that asks for more patience is not waited for. */
const LONGEST_RETRY_AFTER_MS = 60_000;

/** What `ResumableDownload.open` found. */
export interface OpenedDownload {
  readonly identity: FileIdentity;
  /** Position of the first byte that `read` gives. */
  readonly startsAt: number;
  /** Why it does not start where it was to. */
  readonly restarted: 'changed' | 'no-ranges' | null;
}

/**
 * The bytes of one URL from the first to the last, across broken connections: each time it goes on from where it broke
 * (`Range`, `If-Range`) and makes sure that the file is still the same one. It may begin where an earlier one ended (`from`);
 * where that is not possible, it begins at the first byte, and says so. Where the server gives no ranges, `firstBytes` changes nothing.
 */
export class ResumableDownload implements ByteStream {
  private readonly stop = new AbortController();
  private connection: Connection | null = null;
  private identity: FileIdentity | null;
  private encoded = false;
  private ended = false;
  private position: number;
  /** Nothing has been read yet: a file that cannot be gone on with may begin again. */
  private mayRestart: boolean;
  private restarted: OpenedDownload['restarted'] = null;
  private failures = 0;
  /** Off after a request with it failed: across origins it costs a preflight, which not every server answers. */
  private useIfRange = true;
  /** Of the range that is asked for next; `null`: all that is left. */
  private rangeBytes: number | null;
  /** Where the present answer ends, short of the file. */
  private rangeEnd: number | null = null;

  constructor(
    private readonly url: string,
    private readonly options: DownloadOptions,
    private readonly signal: AbortSignal,
    from: ResumePoint | null = null,
  ) {
    this.identity = from?.identity ?? null;
    this.position = from?.position ?? 0;
    this.rangeBytes = options.firstBytes ?? null;
    this.mayRestart = this.position > 0;
    if (signal.aborted) this.abort();
    else signal.addEventListener('abort', this.abort, { once: true });
  }

  /** Connects, and says what the server says about the file. Called once, before `read`. */
  open(): Promise<OpenedDownload> {
    return this.persistently(async () => {
      await this.connect();
      this.mayRestart = false;
      return { identity: this.known(), startsAt: this.position, restarted: this.restarted };
    });
  }

  async read(): Promise<Uint8Array | null> {
    return this.ended ? null : this.persistently(() => this.readOnce());
  }

  async cancel(reason: unknown): Promise<void> {
    this.stop.abort(reason);
    this.letGo();
  }

  private readonly abort = (): void => this.stop.abort(this.signal.reason);

  private letGo(): void {
    this.signal.removeEventListener('abort', this.abort);
    this.disconnect();
  }

  private disconnect(): void {
    this.connection?.close();
    this.connection = null;
  }

  /** Tries again, with growing pauses, while `step` fails in ways that may pass. Any other failure is the last word. */
  private async persistently<T>(step: () => Promise<T>): Promise<T> {
    try {
      for (;;) {
        this.stop.signal.throwIfAborted();
        try {
          return await step();
        } catch (error) {
          this.disconnect();
          if (!(error instanceof TransientFailure)) throw error;
          await this.waitAfter(error);
        }
      }
    } catch (error) {
      this.stop.abort(error);
      this.letGo();
      throw error;
    }
  }

  private async waitAfter(failure: TransientFailure): Promise<void> {
    this.failures += 1;
    const { clock, random, maxAttempts } = this.options;
    const askedMs = failure.retryAfterMs ?? 0;
    if (this.failures >= maxAttempts || askedMs > LONGEST_RETRY_AFTER_MS) throw this.givenUp(failure);
    const backoffMs = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (this.failures - 1));
    await pause(clock, Math.max(askedMs, backoffMs * (0.5 + random() / 2)), this.stop.signal);
  }

  private async readOnce(): Promise<Uint8Array | null> {
    const connection = this.connection ?? (await this.connect());
    const chunk = connection === null ? null : await connection.read();
    const { sizeBytes } = this.known();
    if (chunk === null) {
      if (this.rangeEnd !== null && this.position >= this.rangeEnd && this.position !== sizeBytes) {
        this.disconnect();
        return this.readOnce();
      }
      if (sizeBytes !== null && this.position < sizeBytes) throw new TransientFailure('the connection ended early');
      this.ended = true;
      this.letGo();
      return null;
    }
    this.position += chunk.length;
    this.failures = 0;
    if (sizeBytes !== null && this.position > sizeBytes) {
      throw this.failed(`the server sent more than the ${sizeBytes} bytes it announced. Load it again.`);
    }
    return chunk;
  }

  /** `null` where all bytes are there already: the connection broke behind the last one. */
  private async connect(): Promise<Connection | null> {
    const resuming = this.position > 0;
    if (resuming && this.position === this.known().sizeBytes) return null;
    if (resuming && this.encoded) throw this.cannotContinue();
    const { connection, response } = await this.request();
    try {
      if (!resuming && this.rangeBytes !== null && !this.begins(response)) {
        connection.close();
        this.rangeBytes = null;
        return await this.connect();
      }
      if (resuming && response.status === 416 && contentRange(response.headers)?.sizeBytes === this.position) {
        connection.close();
        return null;
      }
      const obstacle = this.mayRestart ? this.obstacleTo(response) : null;
      if (obstacle !== null) this.restart(obstacle);
      if (obstacle !== null && response.status !== 200) {
        connection.close();
        return await this.connect();
      }
      this.accept(response, this.position > 0 || (this.rangeBytes !== null && response.status === 206));
      this.rangeEnd = this.rangeBytes === null || response.status !== 206 ? null : this.position + this.rangeBytes;
      this.rangeBytes = this.rangeEnd === null ? null : (this.rangeBytes ?? 0) * 2;
    } catch (error) {
      connection.close();
      throw error;
    }
    this.connection = connection;
    return connection;
  }

  private async request(): ReturnType<typeof Connection.open> {
    try {
      return await Connection.open(this.options, this.url, this.requestHeaders(), this.stop.signal);
    } catch (error) {
      if (error instanceof TransientFailure) {
        this.useIfRange = false;
        if (this.position === 0) this.rangeBytes = null;
      }
      throw error;
    }
  }

  private requestHeaders(): Record<string, string> {
    // Across origins such a range needs no preflight, as If-Range would; the answers are compared all the same.
    if (this.rangeBytes !== null) return { Range: `bytes=${this.position}-${this.position + this.rangeBytes - 1}` };
    if (this.position === 0) return {};
    const ifRange = this.useIfRange ? ifRangeOf(this.known()) : null;
    return { Range: `bytes=${this.position}-`, ...(ifRange === null ? {} : { 'If-Range': ifRange }) };
  }

  /** Whether this is the file's first range, or the whole file of a server that gives none; or a failure that may pass. */
  private begins(response: Response): boolean {
    const { status } = response;
    return status === 200 || this.continues(response) || failureOf(response, this.url) instanceof TransientFailure;
  }

  /** Why this answer does not go on with the file of an earlier download; `null` where it does, or is another failure. */
  private obstacleTo(response: Response): OpenedDownload['restarted'] {
    const { status } = response;
    if (status === 416) return 'changed';
    if (status !== 200 && status !== 206) return null;
    if (!maybeSameFile(this.known(), identityOf(response))) return 'changed';
    return this.continues(response) ? null : 'no-ranges';
  }

  private restart(reason: 'changed' | 'no-ranges'): void {
    this.restarted = reason;
    this.mayRestart = false;
    this.position = 0;
    this.identity = null;
  }

  /** Makes sure that the answer carries the bytes from `position` on of the file that the first answer was about. */
  private accept(response: Response, resuming: boolean): void {
    const { status } = response;
    if (resuming && status === 416) throw this.changed();
    if (status !== 200 && !(resuming && status === 206)) throw failureOf(response, this.url);
    const identity = identityOf(response);
    const known = this.identity ?? identity;
    if (!maybeSameFile(known, identity)) throw this.changed();
    if (resuming && !this.continues(response)) throw this.cannotContinue();
    // A later answer may know the size that the first one did not.
    this.identity = { ...known, sizeBytes: known.sizeBytes ?? identity.sizeBytes };
    this.encoded = isEncoded(response.headers);
  }

  /** A server without ranges sends the whole file again; a proxy may send another part than the one asked for. */
  private continues(response: Response): boolean {
    if (response.status !== 206 || isEncoded(response.headers)) return false;
    const range = contentRange(response.headers);
    if (range !== null) return range.start === this.position;
    // Across origins the range may be hidden; the length is not.
    const { sizeBytes } = this.known();
    return sizeBytes !== null && contentLength(response.headers) === sizeBytes - this.position;
  }

  private known(): FileIdentity {
    return this.identity ?? { sizeBytes: null, etag: null, lastModified: null, sha256: null };
  }

  private changed(): ForgelightError {
    return this.failed('the file changed on the server during the download. Load it again to get the new one.');
  }

  private cannotContinue(): ForgelightError {
    const message =
      `The download of ${this.url} broke off at ${formatBytes(this.position)}, and its server cannot go on from there ` +
      '(no range requests). Load it again, or get it from a server that can.';
    return new ForgelightError('range-unsupported', message);
  }

  private givenUp(failure: TransientFailure): ForgelightError {
    const { message, retryAfterMs, cause } = failure;
    const where = this.position === 0 ? 'before the first byte' : `at ${formatBytes(this.position)}`;
    const times = this.failures === 1 ? '' : `, ${this.failures} times in a row`;
    const reason = `${message} ${where}${times}.`;
    if (retryAfterMs !== null && retryAfterMs > LONGEST_RETRY_AFTER_MS) {
      return this.failed(
        `${reason} It asks to wait ${Math.ceil(retryAfterMs / 1000)} s: load the model again then.`,
        failure,
      );
    }
    const unreachable = this.identity === null && cause !== undefined;
    const advice = unreachable
      ? 'Check the address and the connection; a server of another origin must also allow this page (CORS).'
      : 'Check the connection, then load the model again.';
    return this.failed(`${reason} ${advice}`, failure);
  }

  private failed(reason: string, cause?: unknown): ForgelightError {
    return new ForgelightError('network', `Could not load ${this.url}: ${reason}`, { cause });
  }
}
