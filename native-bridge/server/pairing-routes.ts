import * as v from 'valibot';
import type { Clock } from '../../src/base/clock';
import { ForgelightError } from '../../src/base/errors';
import { object } from '../../src/protocol/schema-fields';
import { parseInput } from '../../src/protocol/schema-parse';
import type { AccessBook } from './access-book';
import type { Backend } from './backend';
import { NOTHING } from './body-schema';
import { deviceOf, type Routes } from './exchange';
import type { PassedHead } from './guard';
import type { PairingDesk, PendingPairing } from './pairing-desk';

export interface PairingParts {
  readonly version: string;
  readonly clock: Clock;
  readonly backend: Backend;
  readonly book: AccessBook;
  readonly desk: PairingDesk;
  /** A page waits for a code to be typed in: show it. */
  readonly onPairing: (pairing: PendingPairing) => void;
  readonly onPaired: (origin: string, grantId: string) => void;
}

const finishing = object({
  pairing_id: v.pipe(v.string('must be text'), v.maxLength(64, 'must be the id that the pairing began with')),
  code: v.pipe(v.string('must be text'), v.maxLength(16, 'must be six digits')),
});

/** What a page asks before it is paired: whether anybody is here, and how to become known. */
export function pairingRoutes({ version, clock, backend, book, desk, onPairing, onPaired }: PairingParts): Routes {
  return {
    'GET /v1/hello': {
      access: 'open',
      isWork: false,
      answer: async ({ outlet, grant }) => {
        const hello = { service: 'forgelight', version, protocol: 1, paired: grant !== null };
        // What this computer has is for those who are known to it.
        await outlet.json(200, grant === null ? hello : { ...hello, device: deviceOf(backend), backend: backend.kind });
      },
    },
    'POST /v1/pair/start': {
      access: 'open',
      isWork: false,
      answer: async ({ head, outlet, body }) => {
        parseInput(NOTHING, await body(), 'the body');
        const pairing = desk.start(pageOf(head));
        onPairing(pairing);
        const expiresInMs = pairing.expiresAtMs - clock.now();
        await outlet.json(200, { pairing_id: pairing.id, expires_in_seconds: Math.floor(expiresInMs / 1000) });
      },
    },
    'POST /v1/pair/finish': {
      access: 'open',
      isWork: false,
      answer: async ({ head, outlet, body }) => {
        const { pairing_id, code } = parseInput(finishing, await body(), 'the body');
        const origin = pageOf(head);
        desk.finish(pairing_id, code, origin);
        const { grant, secret } = await book.issueToken(origin);
        onPaired(origin, grant.id);
        await outlet.json(200, {
          token: secret,
          expires_at: new Date(grant.expiresAtMs).toISOString(),
          scope: grant.scope,
        });
      },
    },
    // The token names itself, and nobody else's: whoever has one of a page, in that page, takes back that one.
    'POST /v1/pair/revoke': {
      access: 'granted',
      isWork: false,
      answer: async ({ grant, outlet, body }) => {
        parseInput(NOTHING, await body(), 'the body');
        if (grant?.kind !== 'page') {
          throw new ForgelightError(
            'bridge-denied',
            'Pages give up their tokens here. A key: forgelight pair --revoke ID',
          );
        }
        await book.revoke(grant.id);
        await outlet.json(200, { revoked: true });
      },
    },
  };
}

/** The origin that pairs. Browsers name it with every POST of a page. */
function pageOf({ asker }: PassedHead): string {
  if (asker.named !== null) return asker.named;
  throw new ForgelightError('invalid-request', 'Pages are paired. A program gets a key: forgelight pair --key NAME');
}
