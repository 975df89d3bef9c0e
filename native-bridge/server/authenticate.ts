import { ForgelightError } from '../../src/base/errors';
import type { AccessBook, Grant } from './access-book';
import type { Route } from './exchange';
import type { PassedHead } from './guard';

/** The grant that a request's `Authorization` stands for, from where it may be used; else `null`. */
export function grantOf({ headers, asker }: PassedHead, book: AccessBook): Grant | null {
  const secret = /^Bearer ([\w~+/.-]{1,256}=*)$/i.exec(headers.get('authorization') ?? '')?.[1];
  const grant = secret === undefined ? null : book.find(secret);
  if (grant === null) return null;
  // A token is its page's alone, and a key no page's: a stolen one is worth nothing in a browser.
  if (grant.kind === 'page') return grant.origin === asker.origin ? grant : null;
  return asker.isBrowser ? null : grant;
}

/** Throws `not-paired` or `bridge-denied` where a route is not for this grant. */
export function checkAccess(access: Route['access'], grant: Grant | null): void {
  if (access === 'open') return;
  if (grant === null) {
    const how =
      'A page has to be paired first, and a program needs a key in "Authorization: Bearer fl-…": forgelight pair --key NAME';
    throw new ForgelightError(
      'not-paired',
      `The token or key is missing, unknown, expired or another origin's. ${how}`,
    );
  }
  if (access === 'all' && grant.scope !== 'all') {
    throw new ForgelightError(
      'bridge-denied',
      'A page is paired for answers, and not for this. A program with a key may.',
    );
  }
  if (access === 'command' && grant.kind !== 'admin') {
    throw new ForgelightError('bridge-denied', 'This is for the command "forgelight" of the same user alone.');
  }
}
