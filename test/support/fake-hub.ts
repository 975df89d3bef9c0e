import { createHash } from 'node:crypto';

export interface HubRequest {
  readonly url: URL;
  readonly authorization: string | null;
}

/** The hub as a `fetch`: the listing of one repository and its files, whole or from a byte on. */
export class FakeHub {
  readonly requests: HubRequest[] = [];
  /** Entries of a page of the listing. */
  pageSize = 1000;
  /** Asked for without this token, everything is refused. */
  token: string | null = null;
  /** Instead of the answer to addresses that end so. */
  readonly replies = new Map<string, () => Response>();

  constructor(
    readonly repository: string,
    readonly files: ReadonlyMap<string, Uint8Array<ArrayBuffer>>,
  ) {}

  readonly fetch = async (input: RequestInfo | URL, init?: RequestInit): Promise<Response> => {
    const url = new URL(input instanceof Request ? input.url : input);
    const headers = new Headers(init?.headers);
    this.requests.push({ url, authorization: headers.get('authorization') });
    const reply = [...this.replies].find(([end]) => url.pathname.endsWith(end))?.[1];
    if (reply !== undefined) return reply();
    if (this.token !== null && headers.get('authorization') !== `Bearer ${this.token}`) {
      return new Response('', { status: 401 });
    }
    if (url.pathname === `/api/models/${this.repository}/tree/main`) return this.listing(url);
    const prefix = `/${this.repository}/resolve/main/`;
    const path = url.pathname.startsWith(prefix) ? decodeURIComponent(url.pathname.slice(prefix.length)) : '';
    const file = this.files.get(path);
    if (file === undefined) return new Response('', { status: 404 });
    return new Response(file, { headers: { 'content-length': String(file.length), etag: '"1"' } });
  };

  private listing(url: URL): Response {
    const at = Number(url.searchParams.get('cursor') ?? 0);
    const all = [...this.files].map(([path, bytes]) => ({
      type: 'file',
      oid: 'a'.repeat(40),
      size: bytes.length,
      path,
      ...(path.endsWith('.gguf')
        ? { lfs: { oid: createHash('sha256').update(bytes).digest('hex'), size: bytes.length, pointerSize: 134 } }
        : {}),
    }));
    const headers = new Headers({ 'content-type': 'application/json' });
    if (at + this.pageSize < all.length) {
      const next = new URL(url);
      next.searchParams.set('cursor', String(at + this.pageSize));
      headers.set('link', `<${next.href}>; rel="next"`);
    }
    const folder = { type: 'directory', oid: 'b', size: 0, path: 'folder' };
    return new Response(JSON.stringify([folder, ...all.slice(at, at + this.pageSize)]), { headers });
  }
}
