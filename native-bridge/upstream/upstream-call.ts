import type { Clock } from '../../src/base/clock';
import { orAbort } from '../../src/store/waiting';
import { connectionFailure, UpstreamFailure } from './upstream-failure';

export interface CallOptions {
  readonly fetch: typeof fetch;
  readonly clock: Clock;
  /** The longest silence before the answer begins. */
  readonly firstMs: number;
  /** The longest silence within it. */
  readonly stallMs: number;
}

/** One HTTP exchange with an upstream. Ends with `timeout` after too long a silence, and with the reason of `stop`. */
export class UpstreamCall {
  private readonly controller = new AbortController();
  private reader: ReadableStreamDefaultReader<Uint8Array> | null = null;
  private readonly onStop = (): void => this.controller.abort(this.stop.reason);

  private constructor(
    private readonly options: CallOptions,
    private readonly stop: AbortSignal,
  ) {
    stop.addEventListener('abort', this.onStop, { once: true });
  }

  /** Sends the request; the answer may have any status. The call is the caller's to close. */
  static async open(
    options: CallOptions,
    url: string,
    init: RequestInit,
    stop: AbortSignal,
  ): Promise<{ readonly call: UpstreamCall; readonly response: Response }> {
    stop.throwIfAborted();
    const call = new UpstreamCall(options, stop);
    try {
      const { signal } = call.controller;
      const { fetch, firstMs } = options;
      const response = await call.guarded(firstMs, () => fetch(url, { ...init, signal, redirect: 'manual' }));
      call.reader = response.body?.getReader() ?? null;
      return { call, response };
    } catch (error) {
      call.close();
      throw error;
    }
  }

  /** The next bytes, or `null` at the end. `waitMs`: another longest silence than usual. */
  async read(waitMs = this.options.stallMs): Promise<Uint8Array | null> {
    const { reader } = this;
    if (reader === null) return null;
    const { done, value } = await this.guarded(waitMs, () => reader.read());
    return done ? null : value;
  }

  /** The whole answer. */
  async text(maxBytes: number): Promise<string> {
    const decoder = new TextDecoder();
    let text = '';
    let sizeBytes = 0;
    for (let bytes = await this.read(); bytes !== null; bytes = await this.read()) {
      sizeBytes += bytes.length;
      if (sizeBytes > maxBytes) {
        throw new UpstreamFailure('network', `answered more than ${maxBytes} bytes.`, { remedy: 'none', isUp: true });
      }
      text += decoder.decode(bytes, { stream: true });
    }
    return text + decoder.decode();
  }

  /** Closes the socket: an upstream sees that nobody listens any more. May be called more than once. */
  close(): void {
    this.stop.removeEventListener('abort', this.onStop);
    if (!this.controller.signal.aborted) {
      this.controller.abort(new DOMException('The call was closed.', 'AbortError'));
    }
  }

  private async guarded<T>(waitMs: number, step: () => Promise<T>): Promise<T> {
    const { signal } = this.controller;
    const stopTimer = this.options.clock.after(waitMs, () => this.controller.abort(stalled(waitMs)));
    try {
      return await orAbort(step(), signal);
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      throw connectionFailure(error);
    } finally {
      stopTimer();
    }
  }
}

function stalled(waitMs: number): UpstreamFailure {
  const what = `said nothing for ${Math.round(waitMs / 1000)} s. Look what keeps it busy, then try again.`;
  return new UpstreamFailure('timeout', what, { remedy: 'none', isUp: false });
}
