import type { IncomingMessage } from 'node:http';
import { ForgelightError } from '../../src/base/errors';
import type { PassedHead } from './guard';
import { isOrigin } from './origins';

const READABLE = 'x-forgelight-device, x-request-id, retry-after';
/** What pages may send along: OpenAI's own client says what it is in `x-stainless-…`. */
const SENDABLE = /^(accept|authorization|content-type|x-stainless-[a-z-]+)$/;

type HeaderList = Readonly<Record<string, string>>;

/** Lets the page that asked read the answer. The guard has let it through: nobody else is named here, and never everybody. */
export function corsHeaders({ asker }: PassedHead): HeaderList {
  if (asker.named === null) return { vary: 'origin' };
  return {
    vary: 'origin',
    'access-control-allow-origin': asker.named,
    'access-control-expose-headers': READABLE,
  };
}

/**
 * The answer to a browser that asks before it asks. Source: the Fetch standard, section 3.2, and Private (Local) Network Access, whose
 * question is answered under both of its names.
 */
export function preflightHeaders({ headers }: PassedHead): HeaderList {
  const wanted = (headers.get('access-control-request-headers') ?? '')
    .split(',')
    .map((name) => name.trim().toLowerCase());
  const allowed = wanted.filter((name) => SENDABLE.test(name));
  const isAsked = (name: string): boolean => headers.get(`access-control-request-${name}`) === 'true';
  return {
    'access-control-allow-methods': 'GET, POST',
    'access-control-allow-headers': allowed.join(', '),
    'access-control-max-age': '600',
    ...(isAsked('private-network') && { 'access-control-allow-private-network': 'true' }),
    ...(isAsked('local-network') && { 'access-control-allow-local-network': 'true' }),
  };
}

/**
 * Lets a page read why it was refused, where it asked nothing but whether anybody is here: a browser shows it no status, and it could only say
 * that nothing answers. Nothing else of a refusal is read by anybody.
 */
export function refusalHeaders(
  request: Pick<IncomingMessage, 'method' | 'url' | 'headers'>,
  error: unknown,
): HeaderList {
  const { origin } = request.headers;
  const isHello = request.method === 'GET' && request.url === '/v1/hello';
  const isOfOrigin = error instanceof ForgelightError && error.code === 'bridge-denied' && error.param === 'origin';
  if (!isHello || !isOfOrigin || origin === undefined || !isOrigin(origin)) return {};
  return { vary: 'origin', 'access-control-allow-origin': origin };
}
