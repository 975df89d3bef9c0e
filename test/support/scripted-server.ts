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
  /** Bytes that were given to whoever reads. */
  sentBytes = 0;

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
    const { length } = this.body;
    const range = this.rangeOf(request);
    const headers = new Headers(this.headers);
    if (this.etag !== null) headers.set('etag', this.etag);
    if (this.lastModified !== null) headers.set('last-modified', this.lastModified);
    if (range !== null && range.start >= length) {
      headers.set('content-range', `bytes */${length}`);
      return new Response(null, { status: 416, headers: this.visible(headers) });
    }
    const { start, end } = range ?? { start: 0, end: length };
    headers.set('content-length', String(end - start));
    if (range !== null) headers.set('content-range', `bytes ${start}-${end - 1}/${length}`);
    const status = range === null ? 200 : 206;
    return new Response(this.stream(start, end, cut), { status, headers: this.visible(headers) });
  }

  private visible(headers: Headers): Headers {
    for (const name of this.hidden) headers.delete(name);
    return headers;
  }

  /** `null`: the whole file. */
  private rangeOf(request: Headers): { readonly start: number; readonly end: number } | null {
    const match = /^bytes=(\d+)-(\d+)?$/.exec(request.get('range') ?? '');
    const ifRange = request.get('if-range');
    if (match === null || !this.ranges) return null;
    if (ifRange !== null && ifRange !== this.etag && ifRange !== this.lastModified) return null;
    const last = Number(match[2] ?? this.body.length - 1);
    return { start: Number(match[1]), end: Math.min(this.body.length, last + 1) };
  }

  private stream(start: number, rangeEnd: number, cut: number | undefined): ReadableStream<Uint8Array> {
    const { body } = this;
    let position = start;
    const end = Math.min(cut ?? rangeEnd, rangeEnd);
    return new ReadableStream({
      pull: (controller) => {
        if (position < end) {
          const next = Math.min(end, position + this.chunkBytes);
          controller.enqueue(body.slice(position, next));
          this.sentBytes += next - position;
          position = next;
          return undefined;
        }
        if (cut === undefined || cut > rangeEnd || this.cutBy === 'end') controller.close();
        else if (this.cutBy === 'error') controller.error(new TypeError('network error'));
        else return new Promise(() => undefined);
        return undefined;
      },
    });
  }
}
