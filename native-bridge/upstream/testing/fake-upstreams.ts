/** How an upstream treats one request. */
export type Reply =
  | { readonly kind: 'refused' }
  | { readonly kind: 'silent' }
  | { readonly kind: 'status'; readonly status: number; readonly retryAfter?: string; readonly body?: string }
  | { readonly kind: 'json'; readonly body: unknown }
  /** Each frame is a piece of the body; then it ends, breaks or says no more. */
  | { readonly kind: 'stream'; readonly frames: readonly string[]; readonly end: 'close' | 'break' | 'silence' };

export interface SeenRequest {
  readonly url: string;
  readonly headers: Headers;
  readonly body: unknown;
  readonly signal: AbortSignal;
  readonly atMs: number;
  /** The socket is open. */
  isOpen: boolean;
}

/** Lets steps of the network happen in an order of its own. */
type Turn = () => Promise<void>;

/** Servers behind a `fetch`: what each address answers is a function of the test's; lists of models are answered apart. */
export class FakeUpstreams {
  /** Requests but for checks. */
  readonly requests: SeenRequest[] = [];
  readonly checks: SeenRequest[] = [];
  onCheck: (origin: string) => Reply = () => ({ kind: 'json', body: { data: [{ id: 'tiny' }] } });

  constructor(
    private readonly onRequest: (origin: string, index: number) => Reply,
    private readonly now: () => number = () => 0,
    private readonly turn: Turn = () => Promise.resolve(),
  ) {}

  get open(): number {
    return [...this.requests, ...this.checks].filter(({ isOpen }) => isOpen).length;
  }

  readonly fetch = async (input: RequestInfo | URL, init: RequestInit = {}): Promise<Response> => {
    const url = new URL(input instanceof Request ? input.url : input);
    const { signal, body } = init;
    if (init.redirect !== 'manual') throw new Error('A redirect would take the key and the prompt along.');
    if (!(signal instanceof AbortSignal)) throw new Error('A request without a signal cannot be cancelled.');
    const seen: SeenRequest = {
      url: url.href,
      headers: new Headers(init.headers),
      body: typeof body === 'string' ? (JSON.parse(body) as unknown) : null,
      signal,
      atMs: this.now(),
      isOpen: true,
    };
    signal.addEventListener('abort', () => (seen.isOpen = false), { once: true });
    const isCheck = url.pathname.endsWith('/models');
    const list = isCheck ? this.checks : this.requests;
    const index = list.filter((each) => new URL(each.url).origin === url.origin).length;
    list.push(seen);
    const reply = isCheck ? this.onCheck(url.origin) : this.onRequest(url.origin, index);
    await this.turn();
    return this.respond(reply, seen);
  };

  private async respond(reply: Reply, seen: SeenRequest): Promise<Response> {
    switch (reply.kind) {
      case 'refused':
        seen.isOpen = false;
        throw new TypeError('fetch failed', {
          cause: Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }),
        });
      case 'silent':
        return new Promise((_, reject) => {
          seen.signal.addEventListener('abort', () => reject(seen.signal.reason as Error), { once: true });
        });
      case 'status': {
        const { status, retryAfter, body = '' } = reply;
        return new Response(body, { status, headers: retryAfter === undefined ? {} : { 'retry-after': retryAfter } });
      }
      case 'json':
        return Response.json(reply.body);
      case 'stream':
        return new Response(this.bodyOf(reply, seen), { headers: { 'content-type': 'text/event-stream' } });
    }
  }

  private bodyOf({ frames, end }: Extract<Reply, { kind: 'stream' }>, seen: SeenRequest): ReadableStream<Uint8Array> {
    const encoder = new TextEncoder();
    let sent = 0;
    return new ReadableStream(
      {
        start: (controller) => {
          seen.signal.addEventListener('abort', () => controller.error(seen.signal.reason), { once: true });
        },
        pull: async (controller) => {
          await this.turn();
          if (seen.signal.aborted) return;
          const frame = frames[sent];
          sent += 1;
          if (frame !== undefined) return controller.enqueue(encoder.encode(frame));
          if (end === 'silence') return new Promise<void>(() => undefined);
          seen.isOpen = false;
          if (end === 'break') controller.error(new TypeError('terminated'));
          else controller.close();
        },
      },
      { highWaterMark: 0 },
    );
  }
}

/** A chunk of a chat's answer as a frame. */
export function chunkFrame(delta: object, more: object = {}): string {
  const choice = { index: 0, delta, finish_reason: null };
  return `data: ${JSON.stringify({ id: 'chatcmpl-1', object: 'chat.completion.chunk', choices: [choice], ...more })}\n\n`;
}

/** A whole answer of these pieces of text. */
export function answerOf(...texts: readonly string[]): Reply {
  const frames = [
    chunkFrame({ role: 'assistant', content: null }),
    ...texts.map((content) => chunkFrame({ content })),
    'data: [DONE]\n\n',
  ];
  return { kind: 'stream', frames, end: 'close' };
}
