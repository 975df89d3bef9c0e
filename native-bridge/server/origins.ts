import { ForgelightError } from '../../src/base/errors';
import type { Headers } from './request-head';

/** What a path is to pages: `pairing` is for those that are not paired yet, `api` for those that are, `page` for the daemon's own. */
export type PathKind = 'pairing' | 'api' | 'page';

export interface OriginRules {
  /** Somebody has typed in a code for this origin, and has not taken it back. */
  readonly isPaired: (origin: string) => boolean;
  readonly mayPair: (origin: string) => boolean;
}

export interface Asker {
  /** What a token must be bound to. Of a caller that names no origin it is the daemon's own: a page of its own, or no page. */
  readonly origin: string;
  /** The header, where there is one: answers name it, so that the browser lets the page read them. */
  readonly named: string | null;
  /** A browser says so: keys of native clients do not count. */
  readonly isBrowser: boolean;
}

const PAIRING_PATHS = ['/v1/hello', '/v1/pair/start', '/v1/pair/finish', '/v1/pair/revoke'];

export function kindOf(path: string): PathKind {
  if (PAIRING_PATHS.includes(path)) return 'pairing';
  return path === '/health' || path === '/metrics' || path === '/v1' || path.startsWith('/v1/') ? 'api' : 'page';
}

/**
 * Who asks, as the browser tells, or `bridge-denied`. Pages cannot write `Origin` nor `Sec-Fetch-…` themselves. Requests that no script
 * may read the answer of (images, forms, `no-cors`) name no origin in some browsers; what they are fetched as gives them away.
 */
export function readAsker(host: string, path: string, method: string, headers: Headers, rules: OriginRules): Asker {
  const own = `http://${host}`;
  const named = headers.get('origin') ?? null;
  const kind = kindOf(path);
  if (named !== null && named !== own && !isAllowed(named, kind, rules)) {
    const why =
      kind === 'pairing'
        ? 'may not be paired with this computer’s Forgelight. Pages over https may, or those that its FORGELIGHT_ORIGINS names.'
        : 'is not paired with this computer’s Forgelight.';
    throw denied(`The origin ${shown(named)} ${why}`, 'origin');
  }
  const site = headers.get('sec-fetch-site');
  const mode = headers.get('sec-fetch-mode');
  const isNavigation = mode === 'navigate' && named === null && (method === 'GET' || method === 'HEAD');
  if (!isSiteRight(site, named, own, kind === 'page' && isNavigation)) {
    throw denied('The request comes from another page than its origin says.');
  }
  const isShown = isNavigation && (headers.get('sec-fetch-dest') ?? 'document') === 'document';
  // Its own files the page may load as it likes; what else is loaded as an image or a form is nobody's call.
  const isCall =
    mode === undefined || mode === 'cors' || mode === 'same-origin' || (kind === 'page' && mode === 'no-cors');
  if (!isCall && !isShown) throw denied('A page may call this by fetch alone.');
  // Node's own fetch says how it fetches too, but never from where.
  return { origin: named ?? own, named, isBrowser: named !== null || site !== undefined };
}

function isAllowed(origin: string, kind: PathKind, rules: OriginRules): boolean {
  switch (kind) {
    case 'pairing':
      return rules.mayPair(origin) || rules.isPaired(origin);
    case 'api':
      return rules.isPaired(origin);
    case 'page':
      return false;
  }
}

/** `Sec-Fetch-Site` and `Origin` have to tell the same. A link from anywhere may open the page, and nothing else. */
function isSiteRight(site: string | undefined, named: string | null, own: string, isOpened: boolean): boolean {
  if (site === undefined) return true;
  if (named !== null) return named === own ? site === 'same-origin' : site === 'cross-site' || site === 'same-site';
  return site === 'same-origin' || site === 'none' || (isOpened && (site === 'cross-site' || site === 'same-site'));
}

/** Origins that may start a pairing where nobody said which: pages over https, and those of this computer. */
export function isUsualOrigin(origin: string): boolean {
  if (!isOrigin(origin)) return false;
  const { protocol, hostname } = new URL(origin);
  return protocol === 'https:' || (protocol === 'http:' && ['127.0.0.1', 'localhost', '[::1]'].includes(hostname));
}

/** Whether a text is an origin exactly as browsers write it. */
export function isOrigin(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, host, origin } = new URL(text);
  return text === (origin === 'null' ? `${protocol}//${host}` : origin) && host !== '';
}

/** `FORGELIGHT_ORIGINS`: origins, with commas between. Throws `invalid-request` for what is none. */
export function pairableOrigins(list: string | undefined): (origin: string) => boolean {
  const origins = (list ?? '').split(',').flatMap((text) => (text.trim() === '' ? [] : [text.trim()]));
  const wrong = origins.find((text) => !isOrigin(text));
  if (wrong !== undefined) {
    const message = `FORGELIGHT_ORIGINS: "${wrong}" is no origin. Write https://name or https://name:port, without a path, with commas between.`;
    throw new ForgelightError('invalid-request', message, { param: 'FORGELIGHT_ORIGINS' });
  }
  return origins.length === 0 ? isUsualOrigin : (origin) => origins.includes(origin);
}

function denied(message: string, param?: 'origin'): ForgelightError {
  return new ForgelightError('bridge-denied', message, param === undefined ? {} : { param });
}

/** Short whatever it is. */
function shown(origin: string): string {
  return JSON.stringify(origin.length > 100 ? `${origin.slice(0, 100)}…` : origin);
}
