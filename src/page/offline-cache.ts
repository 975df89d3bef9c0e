import { unreachable } from '../base/assert';
import { answerTo, cacheName, otherVersions, type PageRequest, type Precache } from './precache';

export interface CachePorts {
  readonly caches: Pick<CacheStorage, 'open' | 'match' | 'keys' | 'delete'>;
  fetch(request: Request): Promise<Response>;
  /** How many windows show this page. */
  countWindows(): Promise<number>;
  /** Whether another version is being installed, or waits to take over. */
  hasNext(): boolean;
}

/** The page's files, as a service worker keeps them. Nothing is put into a cache but the files of `precache`, at the installation. */
export class OfflineCache {
  readonly #paths: ReadonlySet<string>;
  readonly #name: string;

  /** @param scope the page's folder, with the slash at the end */
  constructor(
    private readonly precache: Precache,
    private readonly scope: string,
    private readonly ports: CachePorts,
  ) {
    this.#paths = new Set(precache.files.map(({ path }) => path));
    this.#name = cacheName(scope, precache.version);
  }

  /** Fetches every file. Rejects, and keeps nothing, when one is missing or is not of this version. */
  async install(): Promise<void> {
    const { caches, fetch } = this.ports;
    const cache = await caches.open(this.#name);
    try {
      await Promise.all(
        this.precache.files.map(async ({ path, integrity }) => {
          const url = new URL(path, this.scope).href;
          const response = await fetch(new Request(url, { cache: 'no-cache', integrity }));
          if (!response.ok) throw new Error(`${url} answered with status ${response.status}.`);
          await cache.put(url, direct(response));
        }),
      );
    } catch (error) {
      await caches.delete(this.#name);
      throw error;
    }
  }

  /** Deletes other versions, unless a window may still be one of those, which then goes on with its own files, or one is yet to come. */
  async sweep(): Promise<void> {
    const { caches, countWindows, hasNext } = this.ports;
    if ((await countWindows()) > 1) return;
    const { scope, precache } = this;
    const others = otherVersions(await caches.keys(), scope, precache.version);
    // Asked last: a version whose cache is among these names has begun by now.
    if (hasNext()) return;
    await Promise.all(others.map((name) => caches.delete(name)));
  }

  /** The answer to a request, or `null` where that is the browser's own business. */
  respond(request: Request & PageRequest): Promise<Response> | null {
    const answer = answerTo(request, this.scope, this.#paths);
    switch (answer.kind) {
      case 'network':
        return null;
      case 'file':
        return this.#file(request, new URL(answer.path, this.scope).href);
      case 'page':
        return answer.when === 'always' ? this.#page(request) : this.#pageIfOffline(request);
      default:
        return unreachable(answer);
    }
  }

  /** Names of files have their hash: what another version kept under one is the same. */
  async #file(request: Request, url: string): Promise<Response> {
    const { caches, fetch } = this.ports;
    const { scope, precache } = this;
    const names = [this.#name, ...otherVersions(await caches.keys(), scope, precache.version)];
    for (const name of names) {
      const kept = await caches.match(url, { cacheName: name });
      if (kept !== undefined) return kept;
    }
    return await fetch(request);
  }

  async #page(request: Request): Promise<Response> {
    return (await this.#keptPage()) ?? (await this.ports.fetch(request));
  }

  async #pageIfOffline(request: Request): Promise<Response> {
    try {
      return await this.ports.fetch(request);
    } catch (error) {
      const kept = await this.#keptPage();
      if (kept === undefined) throw error;
      return kept;
    }
  }

  async #keptPage(): Promise<Response | undefined> {
    return await this.ports.caches.match(this.scope, { cacheName: this.#name });
  }
}

/** Browsers refuse to show a page whose kept answer says that it came by way of another address. */
function direct(response: Response): Response {
  return response.redirected ? new Response(response.body, { headers: response.headers }) : response;
}
