/** A file of the built page, as the service worker keeps it. */
export interface PrecachedFile {
  /** Below the page's folder; the page itself is the empty path. */
  readonly path: string;
  /** `sha256-…`, as `fetch` takes it: another content is no answer. */
  readonly integrity: string;
}

/** All that a version of the page is made of. */
export interface Precache {
  /** Hex; another one for any other content. */
  readonly version: string;
  readonly files: readonly PrecachedFile[];
}

/** What is looked at of a request. */
export interface PageRequest {
  readonly url: string;
  readonly method: string;
  readonly mode: string;
  readonly headers: { has(name: string): boolean };
}

export type Answer =
  /** Not ours: the browser goes its own way, as without a service worker. */
  | { readonly kind: 'network' }
  | { readonly kind: 'file'; readonly path: string }
  /** `always`: the page as it is kept; `offline`: only where the network has no answer. */
  | { readonly kind: 'page'; readonly when: 'always' | 'offline' };

const PREFIX = 'forgelight-page:';
/** Where names have the hash of their content: a window of an older version asks for other ones. */
const HASHED = 'assets/';

/** Caches belong to an origin, and so may several pages: the name has the page's folder. `scope`: its address, with the slash at the end. */
export function cacheName(scope: string, version: string): string {
  return `${PREFIX}${new URL(scope).pathname}:${version}`;
}

/** Of the names of an origin's caches those of other versions of this page. */
export function otherVersions(names: readonly string[], scope: string, version: string): readonly string[] {
  const start = cacheName(scope, '');
  const own = cacheName(scope, version);
  return names.filter((name) => name !== own && name.startsWith(start) && /^[0-9a-f]+$/.test(name.slice(start.length)));
}

/**
 * Who answers a request. Only what was kept at the installation is ever answered out of a cache: models come from other paths, or in
 * ranges, and never pass.
 */
export function answerTo(
  { url, method, mode, headers }: PageRequest,
  scope: string,
  paths: ReadonlySet<string>,
): Answer {
  const network = { kind: 'network' } as const;
  const { origin, pathname, search } = new URL(url);
  const { origin: ownOrigin, pathname: folder } = new URL(scope);
  if (method !== 'GET' || headers.has('range') || origin !== ownOrigin || !pathname.startsWith(folder)) return network;
  const path = pathname.slice(folder.length);
  if (mode === 'navigate') return { kind: 'page', when: path === '' || path === 'index.html' ? 'always' : 'offline' };
  const isFile = path !== '' && (paths.has(path) || path.startsWith(HASHED));
  return isFile && search === '' ? { kind: 'file', path } : network;
}
