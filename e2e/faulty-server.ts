import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

/** What goes wrong with one answer. */
export type Fault =
  | { readonly kind: 'status'; readonly status: number; readonly retryAfterSeconds?: number }
  /** The connection breaks behind so many bytes of the body. */
  | { readonly kind: 'cut'; readonly afterBytes: number }
  /** The whole file, whatever was asked for. */
  | { readonly kind: 'no-ranges' }
  /** Another part of the file than the one that was asked for, and says so. */
  | { readonly kind: 'wrong-range' };

export interface ServedRequest {
  readonly path: string;
  readonly range: string | null;
  readonly ifRange: string | null;
  status: number;
  /** Of the body, as far as it was handed to the network. */
  sentBytes: number;
}

const PIECE_BYTES = 64 * 1024;

/** A file server on this computer, of another origin than any page, that fails as it is told to. */
export class FaultyServer {
  readonly requests: ServedRequest[] = [];
  /** Of all answers; as fast as it goes if not set. */
  bytesPerSecond = Infinity;
  /** Asked for each request, by its number from 0 on; `null`: all is well. */
  fault: (request: number) => Fault | null = () => null;
  /** Asked for each request as well: behind so many bytes its answer stands still, until whoever reads it leaves. */
  heldBehindBytes: (request: number) => number = () => Infinity;
  private readonly files = new Map<string, { bytes: Buffer; etag: string }>();

  private constructor(private readonly server: Server) {
    server.on('request', (request, response) => void this.answer(request, response).catch(() => response.destroy()));
  }

  static async start(): Promise<FaultyServer> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new FaultyServer(server);
  }

  /** Serves `bytes` from now on, under another ETag than what was there before. Returns the address. */
  put(path: string, bytes: Buffer): string {
    this.files.set(path, { bytes, etag: `"${createHash('sha256').update(bytes).digest('hex').slice(0, 16)}"` });
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}${path}`;
  }

  get sentBytes(): number {
    return this.requests.reduce((sum, { sentBytes }) => sum + sentBytes, 0);
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.setHeader('access-control-allow-origin', '*');
    response.setHeader('access-control-allow-headers', '*');
    response.setHeader('access-control-expose-headers', '*');
    if (request.method === 'OPTIONS') return void response.writeHead(204).end();
    const { range = null } = request.headers;
    const ifRange = request.headers['if-range']?.toString() ?? null;
    const file = this.files.get(request.url ?? '');
    const number = this.requests.length;
    const fault = this.fault(number);
    const served: ServedRequest = { path: request.url ?? '', range, ifRange, status: 404, sentBytes: 0 };
    this.requests.push(served);
    if (file === undefined) return void response.writeHead(404).end();
    if (fault?.kind === 'status') {
      served.status = fault.status;
      const headers = fault.retryAfterSeconds === undefined ? {} : { 'retry-after': String(fault.retryAfterSeconds) };
      return void response.writeHead(fault.status, headers).end();
    }
    const isPart = range !== null && fault?.kind !== 'no-ranges' && (ifRange === null || ifRange === file.etag);
    const asked = isPart ? Number(/^bytes=(\d+)-/.exec(range)?.[1]) : 0;
    const start = fault?.kind === 'wrong-range' ? Math.max(0, asked - 1000) : asked;
    served.status = isPart ? 206 : 200;
    const body = file.bytes.subarray(start);
    response.writeHead(served.status, {
      etag: file.etag,
      'content-length': body.length,
      ...(fault?.kind === 'no-ranges' ? {} : { 'accept-ranges': 'bytes' }),
      ...(isPart ? { 'content-range': `bytes ${start}-${file.bytes.length - 1}/${file.bytes.length}` } : {}),
    });
    const cutBytes = fault?.kind === 'cut' ? fault.afterBytes : Infinity;
    await this.send(response, served, { body, cutBytes, heldBytes: this.heldBehindBytes(number) });
  }

  private async send(
    response: ServerResponse,
    served: ServedRequest,
    { body, cutBytes, heldBytes }: Readonly<Record<'cutBytes' | 'heldBytes', number>> & { readonly body: Buffer },
  ): Promise<void> {
    for (let at = 0; at < body.length && !response.destroyed; at += PIECE_BYTES) {
      if (at >= heldBytes) return void (await once(response, 'close'));
      const piece = body.subarray(at, Math.min(at + PIECE_BYTES, cutBytes));
      served.sentBytes += piece.length;
      if (!response.write(piece)) {
        const settled = new AbortController();
        const { signal } = settled;
        await Promise.race([once(response, 'drain', { signal }), once(response, 'close', { signal })]).catch(
          () => undefined,
        );
        settled.abort();
      }
      if (at + PIECE_BYTES >= cutBytes) return void response.destroy();
      if (this.bytesPerSecond !== Infinity) await pause((PIECE_BYTES / this.bytesPerSecond) * 1000);
    }
    response.end();
  }
}

/** The same bytes every time, that no compression shortens, and their SHA-256. */
export function drawnFile(sizeBytes: number, seed: number): { readonly bytes: Buffer; readonly sha256: string } {
  const words = new Uint32Array(Math.ceil(sizeBytes / 4));
  let state = seed;
  for (let i = 0; i < words.length; i++) words[i] = state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  const bytes = Buffer.from(words.buffer, 0, sizeBytes);
  return { bytes, sha256: createHash('sha256').update(bytes).digest('hex') };
}
