import * as v from 'valibot';
import type { Clock } from '../../src/base/clock';
import { ForgelightError } from '../../src/base/errors';
import { object } from '../../src/protocol/schema-fields';
import { parseInput } from '../../src/protocol/schema-parse';
import { isNonce } from '../state/daemon-proof';
import type { AccessBook } from './access-book';
import type { StoredGrant } from './access-file';
import { isEngineBackend, type Backend } from './backend';
import { NOTHING } from './body-schema';
import type { Route, Routes } from './exchange';
import type { PairingDesk } from './pairing-desk';

export interface AdminParts {
  readonly version: string;
  readonly backend: Backend;
  readonly book: AccessBook;
  readonly desk: PairingDesk;
  readonly clock: Clock;
  readonly liveWork: () => number;
}

const revoking = object({ id: v.string('must be text') });
const naming = object({
  name: v.pipe(v.string('must be text'), v.maxLength(100, 'must be at most 100 characters')),
});

/** What the command `forgelight` of the same user asks of a daemon that runs. */
export function adminRoutes({ version, backend, book, desk, clock, liveWork }: AdminParts): Routes {
  const command = (answer: Route['answer']): Route => ({ access: 'command', isWork: false, answer });
  return {
    // Before the command sends its key or a prompt: after a power loss anybody may listen where a daemon's file says.
    'GET /v1/admin/proof': {
      access: 'open',
      isWork: false,
      answer: async ({ head, outlet }) => {
        if (head.asker.isBrowser) throw new ForgelightError('bridge-denied', 'This is proven to no page.');
        const nonce = head.query.get('nonce') ?? '';
        if (!isNonce(nonce)) throw new ForgelightError('invalid-request', 'nonce must be 32 bytes in base64url.');
        await outlet.json(200, { proof: book.prove(nonce) });
      },
    },
    'GET /v1/admin/ps': command(async ({ outlet }) => {
      const state = { pid: process.pid, version, backend: backend.kind, state: backend.state(), requests: liveWork() };
      await outlet.json(200, state);
    }),
    'POST /v1/admin/unload': command(async ({ outlet, body }) => {
      parseInput(NOTHING, await body(), 'the body');
      await outlet.json(200, { unloaded: isEngineBackend(backend) && (await backend.unload()) });
    }),
    'GET /v1/admin/pairings': command(async ({ outlet }) => {
      const pending = desk.pending().map(({ origin, code, expiresAtMs }) => ({
        origin,
        code,
        expires_in_seconds: Math.floor((expiresAtMs - clock.now()) / 1000),
      }));
      await outlet.json(200, { pending, grants: book.list().map(shownGrant) });
    }),
    'POST /v1/admin/keys': command(async ({ outlet, body }) => {
      const { name } = parseInput(naming, await body(), 'the body');
      const { grant, secret } = await book.issueKey(name);
      await outlet.json(200, { key: secret, grant: shownGrant(grant) });
    }),
    'POST /v1/admin/revoke': command(async ({ outlet, body }) => {
      const { id } = parseInput(revoking, await body(), 'the body');
      await outlet.json(200, { revoked: await book.revoke(id) });
    }),
  };
}

export interface ShownGrant {
  readonly id: string;
  readonly kind: StoredGrant['kind'];
  /** The page's origin, or the key's name. */
  readonly name: string;
  readonly scope: StoredGrant['scope'];
  readonly expires_at: string;
}

/** A grant without its hash. */
export function shownGrant(grant: StoredGrant): ShownGrant {
  const { id, kind, scope, expiresAtMs } = grant;
  const name = grant.kind === 'page' ? grant.origin : grant.name;
  return { id, kind, name, scope, expires_at: new Date(expiresAtMs).toISOString() };
}
