import { beforeEach, describe, expect, it } from 'vitest';
import { defined } from '../base/assert';
import { OfflineCache } from './offline-cache';
import { cacheName } from './precache';

const SCOPE = 'https://page.example/chat/';
const OLD = cacheName(SCOPE, 'aa');
const NEW = cacheName(SCOPE, 'bb');

/** Cache Storage as far as it is used, in memory. */
class FakeCaches {
  readonly stored = new Map<string, Map<string, string>>();
  /** Addresses whose kept answer came by way of another one: browsers take none of these for a page. */
  readonly redirected = new Set<string>();

  async open(name: string): Promise<Cache> {
    const files = this.stored.get(name) ?? new Map<string, string>();
    this.stored.set(name, files);
    const cache = {
      put: async (url: string, response: Response) => {
        files.set(url, await response.text());
        if (response.redirected) this.redirected.add(url);
      },
    };
    return cache as unknown as Cache;
  }

  async match(url: string, options?: MultiCacheQueryOptions): Promise<Response | undefined> {
    const text = this.stored.get(options?.cacheName ?? '')?.get(url);
    return text === undefined ? undefined : new Response(text);
  }

  async keys(): Promise<string[]> {
    return [...this.stored.keys()];
  }

  async delete(name: string): Promise<boolean> {
    return this.stored.delete(name);
  }
}

let caches = new FakeCaches();
let online = true;
let windows = 1;
/** Whether a newer version is being installed, or waits. */
let hasNext = false;
let fetched: Request[] = [];
/** Whether the server sends on from one address to another. */
let redirects = false;
/** What the network has, by path. */
let served: Record<string, string> = {};

beforeEach(() => {
  caches = new FakeCaches();
  online = true;
  windows = 1;
  hasNext = false;
  redirects = false;
  fetched = [];
  served = { '': 'new page', 'assets/new.js': 'new script' };
});

function cacheOf(version: string, paths: readonly string[]): OfflineCache {
  const files = paths.map((path) => ({ path, integrity: 'sha256-x' }));
  return new OfflineCache({ version, files }, SCOPE, {
    caches,
    countWindows: async () => windows,
    hasNext: () => hasNext,
    fetch: async (request) => {
      fetched.push(request);
      if (!online) throw new TypeError('Failed to fetch');
      const text = served[request.url.slice(SCOPE.length)];
      const response = text === undefined ? new Response('', { status: 404 }) : new Response(text);
      return Object.defineProperty(response, 'redirected', { value: redirects });
    },
  });
}

const newVersion = () => cacheOf('bb', ['', 'assets/new.js']);

/** A request as a browser makes it; Node has none that navigate. */
function request(path: string, mode = 'cors'): Request {
  return Object.defineProperty(new Request(new URL(path, SCOPE)), 'mode', { value: mode });
}

const textOf = async (answer: Promise<Response> | null) =>
  (await defined(answer, 'an answer of the service worker')).text();

describe('installing', () => {
  it('keeps every file, asked for with the hash that it must have', async () => {
    await newVersion().install();
    expect(Object.fromEntries(defined(caches.stored.get(NEW), 'the new cache'))).toEqual({
      [SCOPE]: 'new page',
      [`${SCOPE}assets/new.js`]: 'new script',
    });
    expect(fetched.map(({ integrity }) => integrity)).toEqual(['sha256-x', 'sha256-x']);
    expect(fetched.map(({ cache }) => cache)).toEqual(['no-cache', 'no-cache']);
  });

  it('keeps what a server sends on to as an answer of its own, which a browser takes for a page', async () => {
    redirects = true;
    await newVersion().install();
    expect([...caches.redirected]).toEqual([]);
    expect(caches.stored.get(NEW)?.get(SCOPE)).toBe('new page');
  });

  it('keeps nothing when a file is missing', async () => {
    delete served['assets/new.js'];
    await expect(newVersion().install()).rejects.toThrow(/assets\/new.js answered with status 404/);
    expect(caches.stored.size).toBe(0);
  });
});

describe('answering', () => {
  it('needs no network for the page and its files', async () => {
    const version = newVersion();
    await version.install();
    online = false;
    expect(await textOf(version.respond(request('?model=x', 'navigate')))).toBe('new page');
    expect(await textOf(version.respond(request('assets/new.js')))).toBe('new script');
    expect(await textOf(version.respond(request('some/old/link', 'navigate')))).toBe('new page');
  });

  it('puts nothing into a cache, and leaves models alone', async () => {
    const version = newVersion();
    await version.install();
    served['models/x.gguf'] = 'weights';
    const before = JSON.stringify([...caches.stored].map(([name, files]) => [name, [...files]]));
    expect(version.respond(request('models/x.gguf'))).toBeNull();
    await version.respond(request('models/x.gguf', 'navigate'));
    await version.respond(request('assets/new.js'));
    expect(JSON.stringify([...caches.stored].map(([name, files]) => [name, [...files]]))).toBe(before);
  });

  it('goes to the network where the browser has thrown the cache away', async () => {
    const version = newVersion();
    expect(await textOf(version.respond(request('', 'navigate')))).toBe('new page');
    expect(await textOf(version.respond(request('assets/new.js')))).toBe('new script');
    expect(await caches.keys()).toEqual([]);
  });
});

describe('another version', () => {
  beforeEach(async () => {
    served = { ...served, 'assets/old.js': 'old script' };
    await cacheOf('aa', ['', 'assets/old.js']).install();
    await newVersion().install();
  });

  it('goes when no window shows it', async () => {
    await newVersion().sweep();
    expect(await caches.keys()).toEqual([NEW]);
  });

  it('stays while it is the next one, which the person has not taken yet', async () => {
    hasNext = true;
    await cacheOf('aa', ['', 'assets/old.js']).sweep();
    expect(await caches.keys()).toEqual([OLD, NEW]);
  });

  it('stays where its installation begins during the sweep', async () => {
    await caches.delete(NEW);
    const sweeping = cacheOf('aa', ['', 'assets/old.js']).sweep();
    hasNext = true;
    await newVersion().install();
    await sweeping;
    expect(await caches.keys()).toEqual([OLD, NEW]);
  });

  it('stays as long as a second window may be of it, whose parts it then has', async () => {
    windows = 2;
    const version = newVersion();
    await version.sweep();
    expect(await caches.keys()).toEqual([OLD, NEW]);
    online = false;
    expect(await textOf(version.respond(request('assets/old.js')))).toBe('old script');
    windows = 1;
    await version.sweep();
    expect(await caches.keys()).toEqual([NEW]);
  });
});
