import { FakeClock } from '../../../../test/support/fake-clock';
import type { BridgeScope } from '../bridge-scope';
import { FakeSight } from './fake-sight';

export const MODEL = 'small';

/** A request that was passed on: the test is the server, and writes its answer. */
class PassedRequest {
  isOpen = true;
  private controller: ReadableStreamDefaultController<Uint8Array> | null = null;
  private respond: ((response: Response) => void) | null = null;
  private fail: ((error: unknown) => void) | null = null;
  readonly response = new Promise<Response>((resolve, reject) => {
    this.respond = resolve;
    this.fail = reject;
  });

  constructor(
    readonly path: string,
    readonly body: unknown,
    signal: AbortSignal,
  ) {
    signal.addEventListener('abort', () => this.end(() => this.controller?.error(signal.reason), signal.reason));
  }

  json(body: unknown, status = 200): void {
    this.isOpen = false;
    this.respond?.(Response.json(body, { status }));
  }

  frame(value: object): void {
    this.text(`data: ${JSON.stringify(value)}\n\n`);
  }

  done(): void {
    this.text('data: [DONE]\n\n');
    this.end(() => this.controller?.close());
  }

  /** The daemon ends. */
  break(): void {
    const error = new TypeError('network error');
    this.end(() => this.controller?.error(error), error);
  }

  private text(text: string): void {
    if (this.controller === null) {
      const body = new ReadableStream<Uint8Array>({ start: (controller) => void (this.controller = controller) });
      this.respond?.(new Response(body, { headers: { 'content-type': 'text/event-stream' } }));
    }
    this.controller?.enqueue(new TextEncoder().encode(text));
  }

  private end(how: () => void, error?: unknown): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    how();
    this.fail?.(error);
  }
}

/** A daemon that passes requests on, as pages see it, without a socket. */
export class FakeUpstream implements BridgeScope {
  readonly clock = new FakeClock();
  readonly sight = new FakeSight();
  models: readonly string[] = [MODEL];
  isReachable = true;
  isPaired = true;
  /** How often it was asked whether it is there. */
  looks = 0;
  private readonly all: PassedRequest[] = [];
  private readonly requests: PassedRequest[] = [];
  private readonly claims: ((request: PassedRequest) => void)[] = [];

  /** Requests that nobody has taken. */
  get waiting(): number {
    return this.requests.length;
  }

  get open(): number {
    return this.all.filter(({ isOpen }) => isOpen).length;
  }

  listHub = async (): Promise<readonly never[]> => [];

  async loopbackPermission(): Promise<'granted'> {
    return 'granted';
  }

  /** The next request that comes. */
  arrival(): Promise<PassedRequest> {
    const request = this.requests.shift();
    return request === undefined ? new Promise((resolve) => this.claims.push(resolve)) : Promise.resolve(request);
  }

  readonly fetch: typeof fetch = async (input, init = {}) => {
    const { pathname } = new URL(input instanceof Request ? input.url : input);
    if (pathname === '/v1/hello' && init.mode !== 'no-cors') this.looks += 1;
    init.signal?.throwIfAborted();
    if (!this.isReachable) throw new TypeError('Failed to fetch');
    switch (pathname) {
      case '/v1/hello': {
        const told = { device: 'upstream: http://127.0.0.1:9999', backend: 'upstream' };
        const hello = { service: 'forgelight', version: '1.0.0', protocol: 1, paired: this.isPaired };
        return Response.json(this.isPaired ? { ...hello, ...told } : hello);
      }
      case '/v1/models':
        return Response.json({ object: 'list', data: this.models.map((id) => ({ id, name: id, sha256: null })) });
      default: {
        const body = JSON.parse(typeof init.body === 'string' ? init.body : 'null') as unknown;
        const request = new PassedRequest(pathname, body, init.signal ?? new AbortController().signal);
        this.all.push(request);
        const claim = this.claims.shift();
        if (claim === undefined) this.requests.push(request);
        else claim(request);
        return await request.response;
      }
    }
  };
}
