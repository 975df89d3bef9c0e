import type { Clock } from '../base/clock';
import { ForgelightError } from '../base/errors';
import { TransientFailure } from './http-failure';
import { orAbort } from './waiting';

export interface ConnectionOptions {
  readonly fetch: typeof fetch;
  readonly clock: Clock;
  /** The longest silence, before the answer and between chunks. */
  readonly stallMs: number;
}

/**
 * One HTTP answer being read. Everything ends with `timeout` after `stallMs` of silence and with the reason of `stop`;
 * what the network does is a `TransientFailure`.
 */
export class Connection {
  private readonly controller = new AbortController();
  private reader: ReadableStreamDefaultReader<Uint8Array> | null = null;
  private readonly onStop: () => void;

  private constructor(
    private readonly options: ConnectionOptions,
    private readonly url: string,
    private readonly stop: AbortSignal,
  ) {
    this.onStop = () => this.controller.abort(stop.reason);
    stop.addEventListener('abort', this.onStop, { once: true });
  }

  /** Sends the request; the answer may have any status. The connection is the caller's to close. */
  static async open(
    options: ConnectionOptions,
    url: string,
    headers: Readonly<Record<string, string>>,
    stop: AbortSignal,
  ): Promise<{ connection: Connection; response: Response }> {
    stop.throwIfAborted();
    const connection = new Connection(options, url, stop);
    try {
      const { signal } = connection.controller;
      // Taken out first: a browser's own `fetch` refuses to be called as a method of something else.
      const { fetch } = options;
      const response = await connection.guarded(() => fetch(url, { headers, signal }));
      connection.reader = response.body?.getReader() ?? null;
      return { connection, response };
    } catch (error) {
      connection.close();
      throw error;
    }
  }

  /** The next chunk, or `null` where the body ends, which may be too early. */
  async read(): Promise<Uint8Array | null> {
    const { reader } = this;
    if (reader === null) return null;
    for (;;) {
      const { done, value } = await this.guarded(() => reader.read());
      if (done) return null;
      if (value.length > 0) return value;
    }
  }

  /** Lets go of the network. */
  close(): void {
    this.stop.removeEventListener('abort', this.onStop);
    if (!this.controller.signal.aborted)
      this.controller.abort(new DOMException('The connection was closed', 'AbortError'));
  }

  /** Runs one step of the network under the watchdog. */
  private async guarded<T>(step: () => Promise<T>): Promise<T> {
    const { clock, stallMs } = this.options;
    const { signal } = this.controller;
    const stopTimer = clock.after(stallMs, () => this.controller.abort(this.stalled()));
    try {
      return await orAbort(step(), signal);
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      throw new TransientFailure('the connection broke', error);
    } finally {
      stopTimer();
    }
  }

  private stalled(): ForgelightError {
    const seconds = Math.round(this.options.stallMs / 1000);
    const message = `Nothing came from ${this.url} for ${seconds} s. Check the connection, then load the model again.`;
    return new ForgelightError('timeout', message);
  }
}
