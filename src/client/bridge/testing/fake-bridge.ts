import { FakeClock } from '../../../../test/support/fake-clock';
import { assert, defined } from '../../../base/assert';
import { tokenId, requestId } from '../../../base/ids';
import type { EngineInfo, HostRequest } from '../../../protocol/engine-port';
import { info as someInfo } from '../../testing/fake-host';
import type { HubModelEntry } from '../../list-hub-models';
import type { BridgeScope, LoopbackPermission } from '../bridge-scope';
import { FakeSight } from './fake-sight';

export const BRIDGE_URL = 'http://127.0.0.1:8788';
export const TOKEN = 'the-token';

export const bridgeInfo: EngineInfo = {
  ...someInfo,
  device: { kind: 'hip', name: 'Radeon', features: [] },
  systemFingerprint: 'fp_bridge',
};

const ENDED = {
  outcome: { kind: 'stop' },
  text: '',
  usage: { promptTokens: 1, completionTokens: 2, cachedTokens: 0 },
  timings: { prompt_n: 1, predicted_n: 2 },
};

/** A stream of frames that the test writes. */
class FrameStream {
  wasCancelled = false;
  /** The test has ended it. */
  hasEnded = false;
  private controller: ReadableStreamDefaultController<Uint8Array> | null = null;
  readonly body = new ReadableStream<Uint8Array>({
    start: (controller) => void (this.controller = controller),
    cancel: () => void (this.wasCancelled = true),
  });

  constructor(signal: AbortSignal | null) {
    signal?.addEventListener('abort', () => {
      this.wasCancelled = true;
      this.fail(signal.reason);
    });
  }

  text(text: string): void {
    this.controller?.enqueue(new TextEncoder().encode(text));
  }

  frame(value: unknown): void {
    this.text(`data: ${JSON.stringify(value)}\n\n`);
  }

  done(): void {
    this.text('data: [DONE]\n\n');
    this.controller?.close();
  }

  /** The socket ends. */
  end(): void {
    this.hasEnded = true;
    this.controller?.close();
  }

  fail(error: unknown): void {
    this.hasEnded = true;
    this.controller?.error(error);
  }
}

/** A request that has come to the fake daemon. */
export class BridgeRequest extends FrameStream {
  constructor(
    readonly request: HostRequest,
    signal: AbortSignal | null,
  ) {
    super(signal);
  }

  accept(): void {
    this.frame({ type: 'accepted', requestId: 77, promptIds: [5], seed: 3 });
  }

  token(id: number, text = `<${id}>`): void {
    this.frame({ type: 'token', requestId: requestId(77), tokenId: tokenId(id), text });
  }

  finish(): void {
    this.frame({ type: 'ended', requestId: 77, ...ENDED });
    this.done();
  }
}

/** The daemon as pages see it, without a socket: `fetch` alone, and what the browser says of the way to it. */
export class FakeBridge implements BridgeScope {
  readonly clock = new FakeClock();
  readonly sight = new FakeSight();
  /** What the hub lists. */
  readonly hub: HubModelEntry[] = [];
  /** Streams of news that pages have opened. */
  readonly watches: FrameStream[] = [];
  permission: LoopbackPermission = 'granted';
  isReachable = true;
  /** Refuses every call with this. */
  refusal: { readonly status: number; readonly body: unknown } | null = null;
  /** Besides what it says of itself to everybody. */
  hello: object = {};
  models: unknown = [{ id: 'x', name: 'x.gguf', sha256: bridgeInfo.model.sha256 }];
  info: unknown = bridgeInfo;
  /** Of each load, as far as it is told. */
  phases: readonly string[] = ['upload'];
  fit: unknown = { verdict: 'fits', reason: 'It fits there.' };
  /** `METHOD path`, with the token that came along. */
  readonly asked: string[] = [];
  private readonly requests: BridgeRequest[] = [];
  private readonly waiting: ((request: BridgeRequest) => void)[] = [];

  async loopbackPermission(): Promise<LoopbackPermission> {
    return this.permission;
  }

  listHub = async (): Promise<readonly HubModelEntry[]> => this.hub;

  /** As a power cut ends it: whoever listens hears it. */
  die(): void {
    this.isReachable = false;
    for (const watch of this.watches) watch.fail(new TypeError('network error'));
  }

  readonly fetch: typeof fetch = async (input, init = {}) => {
    const { pathname, search } = new URL(input instanceof Request ? input.url : input);
    const { credentials, redirect } = init;
    assert(
      credentials === 'omit' && redirect === 'error',
      'nothing else of the page goes along, and nothing elsewhere',
    );
    const headers = new Headers(init.headers);
    this.asked.push(`${init.method ?? 'GET'} ${pathname}${search} ${headers.get('authorization') ?? 'nobody'}`);
    init.signal?.throwIfAborted();
    if (!this.isReachable || this.permission === 'denied') throw new TypeError('Failed to fetch');
    if (this.refusal !== null) return Response.json(this.refusal.body, { status: this.refusal.status });
    return this.answer(pathname, init);
  };

  /** The next request that comes. */
  arrival(): Promise<BridgeRequest> {
    const request = this.requests.shift();
    if (request !== undefined) return Promise.resolve(request);
    return new Promise((resolve) => this.waiting.push(resolve));
  }

  private answer(path: string, init: RequestInit): Response {
    const body = (): Record<string, unknown> =>
      JSON.parse(typeof init.body === 'string' ? init.body : '') as Record<string, unknown>;
    switch (path) {
      case '/v1/models':
        return Response.json({ object: 'list', data: this.models });
      case '/v1/engine': {
        const stream = new FrameStream(null);
        const progress = { loaded: 1, total: 2, bytesPerSecond: 0, etaSeconds: null, resumed: 0 };
        for (const phase of this.phases) stream.frame({ type: 'progress', phase, ...progress });
        stream.frame({ type: 'ready', info: this.info });
        stream.done();
        return streamed(stream);
      }
      case '/v1/engine/fit':
        return Response.json(this.fit);
      case '/v1/engine/submit': {
        const request = new BridgeRequest(body()['request'] as HostRequest, init.signal ?? null);
        const claim = this.waiting.shift();
        if (claim === undefined) this.requests.push(request);
        else claim(request);
        return streamed(request);
      }
      case '/v1/engine/events': {
        const watch = new FrameStream(init.signal ?? null);
        this.watches.push(watch);
        watch.frame({ type: 'state', state: 'ready', retryAtMs: null, error: null });
        return streamed(watch);
      }
      case '/v1/engine/tokenize':
        return Response.json({ ids: [1, 2, 3] });
      case '/v1/pair/start':
        return Response.json({ pairing_id: 'p1', expires_in_seconds: 120 });
      case '/v1/pair/finish':
        if (body()['code'] === '123456') return Response.json({ token: TOKEN, expires_at: '2027-01-01T00:00:00.000Z' });
        return Response.json(
          { error: { code: 'bridge-denied', message: 'The code is wrong.', param: 'code' } },
          { status: 403 },
        );
      case '/v1/pair/revoke':
        return Response.json({ revoked: true });
      case '/v1/hello':
        return Response.json({ service: 'forgelight', version: '1.0.0', protocol: 1, paired: false, ...this.hello });
      default:
        return Response.json({ error: { code: 'invalid-request', message: `no ${path}` } }, { status: 404 });
    }
  }
}

function streamed(stream: FrameStream): Response {
  return new Response(defined(stream.body, 'a body'), {
    headers: { 'content-type': 'text/event-stream; charset=utf-8' },
  });
}
