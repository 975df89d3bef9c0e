/** One file behind a `fetch`, with ranges as RFC 9110 has them; each answer can be broken off or replaced. */
export class ScriptedServer {
  etag: string | null = '"one"';
  lastModified: string | null = null;
  ranges = true;
  chunkBytes = 3;
  /** Sent with every answer. */
  headers: Record<string, string> = {};
  /** Leaves these out of every answer, as CORS does. */
  hidden: readonly string[] = [];
  /** Answer n breaks off before this byte of the file; nothing: it does not break. */
  readonly cuts: number[] = [];
  /** How a cut looks to the reader. */
  cutBy: 'error' | 'end' | 'silence' = 'error';
  /** Instead of answer n. */
  readonly replies = new Map<number, () => Response | Promise<Response>>();
  /** The headers of each request. */
  readonly requests: Headers[] = [];
  readonly signals: AbortSignal[] = [];

  constructor(public body: Uint8Array) {}

  fetch = (_url: RequestInfo | URL, init?: RequestInit): Promise<Response> => {
    const index = this.requests.length;
    const request = new Headers(init?.headers);
    this.requests.push(request);
    if (init?.signal) this.signals.push(init.signal);
    const reply = this.replies.get(index);
    return Promise.resolve(reply === undefined ? this.answer(request, this.cuts[index]) : reply());
  };

  private answer(request: Headers, cut: number | undefined): Response {
    const start = this.startOf(request);
    const headers = new Headers(this.headers);
    if (this.etag !== null) headers.set('etag', this.etag);
    if (this.lastModified !== null) headers.set('last-modified', this.lastModified);
    if (start !== null && start >= this.body.length) {
      headers.set('content-range', `bytes */${this.body.length}`);
      return new Response(null, { status: 416, headers: this.visible(headers) });
    }
    headers.set('content-length', String(this.body.length - (start ?? 0)));
    if (start !== null) headers.set('content-range', `bytes ${start}-${this.body.length - 1}/${this.body.length}`);
    const status = start === null ? 200 : 206;
    return new Response(this.stream(start ?? 0, cut), { status, headers: this.visible(headers) });
  }

  private visible(headers: Headers): Headers {
    for (const name of this.hidden) headers.delete(name);
    return headers;
  }

  /** `null`: the whole file. */
  private startOf(request: Headers): number | null {
    const match = /^bytes=(\d+)-$/.exec(request.get('range') ?? '');
    const ifRange = request.get('if-range');
    if (match === null || !this.ranges) return null;
    return ifRange === null || ifRange === this.etag || ifRange === this.lastModified ? Number(match[1]) : null;
  }

  private stream(start: number, cut: number | undefined): ReadableStream<Uint8Array> {
    const { body } = this;
    let position = start;
    const end = Math.min(cut ?? body.length, body.length);
    return new ReadableStream({
      pull: (controller) => {
        if (position < end) {
          const next = Math.min(end, position + this.chunkBytes);
          controller.enqueue(body.slice(position, next));
          position = next;
          return undefined;
        }
        if (cut === undefined || this.cutBy === 'end') controller.close();
        else if (this.cutBy === 'error') controller.error(new TypeError('network error'));
        else return new Promise(() => undefined);
        return undefined;
      },
    });
  }
}
