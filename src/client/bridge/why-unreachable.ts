import { errorToData, ForgelightError } from '../../base/errors';
import type { BridgeScope } from './bridge-scope';
import { loopbackAddress } from './loopback';

export interface FailedCall {
  /** Without a slash at the end. */
  readonly url: string;
  readonly token: string | null;
  readonly path: string;
  /** What `fetch` threw: it tells no reasons, not even a refusal's, where that came before the page may read an answer. */
  readonly cause: unknown;
  readonly signal: AbortSignal;
}

/** Open to origins that may pair. */
const HELLO = '/v1/hello';

/** Why a call met nothing that the page may read, as far as asking once more tells. Never rejects. */
export async function whyUnreachable(scope: BridgeScope, call: FailedCall): Promise<unknown> {
  const { url, cause, signal } = call;
  const permission = await scope.loopbackPermission();
  if (permission === 'denied') {
    return new ForgelightError(
      'bridge-denied',
      `The browser does not let this page reach ${url}. Allow “Apps on device” (or “Local network”) for this site in the browser’s site settings, then try again.`,
      { cause },
    );
  }
  // Each call would ask the person again; a page of this computer asks nobody, whatever its permission is.
  const answer: Answer = permission === 'prompt' && !isOfThisComputer() ? 'none' : await whatAnswers(scope, call);
  if (signal.aborted) return signal.reason;
  switch (answer) {
    case 'stranger':
      return notPaired(url, cause);
    case 'denied':
      return new ForgelightError(
        'bridge-denied',
        `The program at ${url} does not take this page’s origin${origin()}: it may not be paired there. Name it in that program’s FORGELIGHT_ORIGINS, or open the page over https, then start it again.`,
        { param: 'origin', cause },
      );
    case 'none': {
      const { message } = errorToData(cause, 'bridge-unreachable');
      return new ForgelightError(
        'bridge-unreachable',
        `Nothing answers at ${url} (${message}). Start it with “npx forgelight serve”, or look at its terminal.`,
        { cause },
      );
    }
  }
}

/** The error of a page that a daemon does not know, or knows no longer. */
export function notPaired(url: string, cause?: unknown): ForgelightError {
  return new ForgelightError(
    'not-paired',
    `The program at ${url} does not know this page: it was never paired, or the pairing was taken back or is over. Pair this page with it again.`,
    { cause },
  );
}

type Answer = 'denied' | 'stranger' | 'none';

/**
 * `denied`: a daemon that does not take the page's origin, `stranger`: one that does not know the page. Only what is asked without a token
 * may be read where the origin is refused.
 */
async function whatAnswers(scope: BridgeScope, { url, token, path, signal }: FailedCall): Promise<Answer> {
  const ask = async (headers: HeadersInit): Promise<Hello> => {
    const always = {
      credentials: 'omit',
      redirect: 'error',
      cache: 'no-store',
      referrerPolicy: 'no-referrer',
    } as const;
    const response = await scope.fetch(`${url}${HELLO}`, { ...always, headers, signal });
    return ((await response.json()) ?? {}) as Hello;
  };
  try {
    const hello = await ask({});
    if (hello.error?.code === 'bridge-denied') return 'denied';
    if (hello.service !== 'forgelight' || path.startsWith('/v1/pair') || path === HELLO) return 'none';
    const known = token === null ? hello : await ask({ authorization: `Bearer ${token}` });
    return known.paired === false ? 'stranger' : 'none'; // it has broken off, and is there again
  } catch {
    return 'none';
  }
}

interface Hello {
  readonly service?: unknown;
  readonly paired?: unknown;
  readonly error?: { readonly code?: unknown } | null;
}

/** Of the page, where there is one. */
function origin(): string {
  return typeof location === 'undefined' ? '' : ` (${location.origin})`;
}

function isOfThisComputer(): boolean {
  return typeof location !== 'undefined' && loopbackAddress(location.origin) !== null;
}
