import { ForgelightError } from '../../src/base/errors';

export interface UpstreamAddress {
  /** What people call it: its address without `/v1`. Has no secret in it. */
  readonly name: string;
  /** Ends with `/v1`, or with what the user wrote for it. */
  readonly baseUrl: string;
}

const KEY_VARIABLE = 'FORGELIGHT_UPSTREAM_KEY';

/**
 * The address of an OpenAI-compatible server: with its `/v1` or without. Throws `invalid-request` for what is none, and for secrets in it: addresses
 * are shown, logged and kept.
 */
export function upstreamAddress(text: string): UpstreamAddress {
  let url: URL;
  try {
    url = new URL(text.trim());
  } catch {
    throw refused('is no address. Give one such as http://127.0.0.1:8080.');
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw refused(`begins with "${url.protocol}". Give one with http: or https:, such as http://127.0.0.1:8080.`);
  }
  if (url.username !== '' || url.password !== '') {
    throw refused(`has a name or password in it. Take it out; a key goes into ${KEY_VARIABLE}.`);
  }
  if (url.search !== '' || url.hash !== '') {
    throw refused(
      `has a "${url.search === '' ? '#' : '?'}" in it. Take out what follows; a key goes into ${KEY_VARIABLE}.`,
    );
  }
  const path = url.pathname.replace(/\/+$/, '');
  const isWhole = /\/v\d+$/.test(path);
  const name = `${url.origin}${isWhole ? path.replace(/\/v1$/, '') : path}`;
  return { name, baseUrl: `${url.origin}${isWhole ? path : `${path}/v1`}` };
}

/** Several addresses, with commas or blanks between them; the first is asked first. One that comes twice counts once. */
export function upstreamAddresses(text: string): readonly UpstreamAddress[] {
  const all = text
    .split(/[\s,]+/)
    .filter((part) => part !== '')
    .map(upstreamAddress);
  return [...new Map(all.map((address) => [address.baseUrl, address])).values()];
}

/** Does not repeat the address: it may hold a secret. */
function refused(what: string): ForgelightError {
  return new ForgelightError('invalid-request', `The upstream's address ${what}`, { param: 'upstream' });
}

/** The key of the environment; `null` where there is none. Throws `invalid-request`, without repeating it, for one that no header can carry. */
export function upstreamKey(env: Readonly<Record<string, string | undefined>>): string | null {
  const key = env[KEY_VARIABLE]?.trim() ?? '';
  if (/^[\x21-\x7e]*$/.test(key)) return key === '' ? null : key;
  throw new ForgelightError(
    'invalid-request',
    `${KEY_VARIABLE} has characters that no key has. Set it to the key alone.`,
    {
      param: KEY_VARIABLE,
    },
  );
}
