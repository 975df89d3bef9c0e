import type { ServerResponse } from 'node:http';
import type { Clock } from '../../src/base/clock';
import { errorAnswer, retryAfterS } from './status-error';

type HeaderList = Readonly<Record<string, string>>;

export interface OutletOptions {
  readonly clock: Clock;
  /** How long a socket may take nothing of what waits for it. */
  readonly stallMs: number;
  /** A stream that has nothing to say says so that often: whoever listens knows that it lives, and we whether anybody listens. */
  readonly keepAliveMs: number;
  /** For every answer. */
  readonly headers: HeaderList;
}

/** So that a slow socket which gets on is told from one that stands still. */
const PIECE_BYTES = 64 * 1024;

/**
 * The one that writes an answer, and owns its socket's patience: nothing is written while the socket is full, and one that stays full for
 * `stallMs` is destroyed, which is the end of its request (`close` of the response). Writes after that end reject.
 */
export class Outlet {
  private stopKeepAlive: (() => void) | null = null;

  constructor(
    private readonly response: ServerResponse,
    private readonly options: OutletOptions,
  ) {}

  get hasBegun(): boolean {
    return this.response.headersSent;
  }

  get status(): number {
    return this.response.statusCode;
  }

  setHeader(name: string, value: string): void {
    this.response.setHeader(name, value);
  }

  json(status: number, value: unknown): Promise<void> {
    return this.whole(status, 'application/json; charset=utf-8', Buffer.from(JSON.stringify(value)));
  }

  /** An answer that is there already; of a HEAD its beginning alone is sent. */
  async whole(status: number, type: string, body: Uint8Array, headers: HeaderList = {}): Promise<void> {
    this.begin(status, { ...headers, 'content-type': type, 'content-length': String(body.length) });
    if (this.response.req.method !== 'HEAD')
      for (let at = 0; at < body.length; at += PIECE_BYTES) await this.write(body.subarray(at, at + PIECE_BYTES));
    await this.end();
  }

  empty(status: number, headers: HeaderList = {}): Promise<void> {
    this.begin(status, { ...headers, ...(status === 304 ? {} : { 'content-length': '0' }) });
    return this.end();
  }

  /** Begins an answer of server-sent events. Nothing between may keep or change them. */
  beginEvents(): void {
    this.begin(200, { 'content-type': 'text/event-stream; charset=utf-8', 'x-accel-buffering': 'no' });
    this.response.flushHeaders();
    this.response.once('close', () => this.stopKeepAlive?.());
    this.keepAlive();
  }

  /** One event; `data` is a line. */
  async event(data: string): Promise<void> {
    await this.write(`data: ${data}\n\n`);
    this.keepAlive();
  }

  /** A failure: the whole answer, or where that has begun its last event. */
  async fail(error: unknown): Promise<void> {
    const { status, body } = errorAnswer(error);
    if (!this.hasBegun) {
      if (status === 401) this.setHeader('www-authenticate', 'Bearer');
      const waitS = retryAfterS(error);
      if (waitS !== null) this.setHeader('retry-after', String(waitS));
      await this.json(status, body);
      return;
    }
    await this.event(JSON.stringify(body));
    await this.end();
  }

  async end(): Promise<void> {
    this.stopKeepAlive?.();
    this.response.end();
    if (!this.response.writableFinished) await this.settled('finish');
  }

  private begin(status: number, headers: HeaderList): void {
    this.response.writeHead(status, {
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      // Whoever may read an answer asks by CORS; as an image or a script it is nobody else's, also where a browser tells nothing of who asks.
      'cross-origin-resource-policy': 'same-origin',
      ...this.options.headers,
      ...headers,
    });
  }

  /** Resolves when there is room for more. */
  private async write(data: string | Uint8Array): Promise<void> {
    if (this.response.destroyed) throw goneError();
    if (!this.response.write(data)) await this.settled('drain');
  }

  private keepAlive(): void {
    const { clock, keepAliveMs } = this.options;
    this.stopKeepAlive?.();
    this.stopKeepAlive = clock.after(keepAliveMs, () => {
      if (this.response.destroyed || this.response.writableEnded) return;
      if (!this.response.writableNeedDrain) this.response.write(': waiting\n\n');
      this.keepAlive();
    });
  }

  /** Waits until the socket has taken what there is, for as long as it may stand still. */
  private settled(event: 'drain' | 'finish'): Promise<void> {
    const { response } = this;
    return new Promise((resolve, reject) => {
      const stopTimer = this.options.clock.after(this.options.stallMs, () => response.destroy());
      const leave = (): void => {
        stopTimer();
        response.off(event, onEvent).off('close', onClose);
      };
      const onEvent = (): void => {
        leave();
        resolve();
      };
      const onClose = (): void => {
        leave();
        if (response.writableFinished) resolve();
        else reject(goneError());
      };
      response.on(event, onEvent).on('close', onClose);
      if (response.destroyed) onClose();
    });
  }
}

/** Whoever asked is no longer there. */
function goneError(): DOMException {
  return new DOMException('The client went away.', 'AbortError');
}
