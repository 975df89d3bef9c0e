import { OfflineCache } from './offline-cache';
import type { Precache } from './precache';
import { SWITCH_VERSION } from './switch-version';

/** Written in by the build. */
declare const PRECACHE: Precache;

interface LastingEvent extends Event {
  waitUntil(work: Promise<unknown>): void;
}

interface FetchEvent extends LastingEvent {
  readonly request: Request;
  respondWith(answer: Promise<Response>): void;
}

/** What this file uses of a service worker, which TypeScript's library for pages does not describe. */
interface ServiceWorkerScope {
  readonly registration: { readonly scope: string; readonly installing: unknown; readonly waiting: unknown };
  readonly clients: {
    claim(): Promise<void>;
    matchAll(options: { type: 'window'; includeUncontrolled: true }): Promise<readonly { readonly url: string }[]>;
  };
  skipWaiting(): Promise<void>;
  addEventListener(type: 'install' | 'activate', listener: (event: LastingEvent) => void): void;
  addEventListener(type: 'fetch', listener: (event: FetchEvent) => void): void;
  addEventListener(type: 'message', listener: (event: LastingEvent & { readonly data: unknown }) => void): void;
}

const worker = globalThis as unknown as ServiceWorkerScope;
const { registration } = worker;
const { scope } = registration;

const cache = new OfflineCache(PRECACHE, scope, {
  caches,
  fetch: (request) => fetch(request),
  countWindows: async () => {
    const windows = await worker.clients.matchAll({ type: 'window', includeUncontrolled: true });
    return windows.filter(({ url }) => url.startsWith(scope)).length;
  },
  // While this version itself is activated, nothing waits any more.
  hasNext: () => registration.installing !== null || registration.waiting !== null,
});

worker.addEventListener('install', (event) => event.waitUntil(cache.install()));
// Windows that opened without a service worker have one from here on: what they fetch later is there offline too.
worker.addEventListener('activate', (event) => event.waitUntil(cache.sweep().then(() => worker.clients.claim())));
worker.addEventListener('message', (event) => {
  // Only when a person has asked for it: until then a new version waits.
  if (event.data === SWITCH_VERSION) event.waitUntil(worker.skipWaiting());
});
worker.addEventListener('fetch', (event) => {
  const answer = cache.respond(event.request);
  if (answer === null) return;
  event.respondWith(answer);
  if (event.request.mode === 'navigate') event.waitUntil(answer.then(() => cache.sweep()).catch(() => undefined));
});
