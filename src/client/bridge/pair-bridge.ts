import { ForgelightError } from '../../base/errors';
import { bridgeAddress, BridgeHttp } from './bridge-http';
import { bridgeScope, type BridgeScope, type LoopbackPermission } from './bridge-scope';

/** Long enough for a person who is asked whether the page may. */
export const PATIENCE_MS = 60_000;

export interface BridgeOptions {
  /** Default `http://127.0.0.1:8788`. */
  readonly url?: string | URL;
  /** What pairing gave. */
  readonly token?: string;
  readonly signal?: AbortSignal;
}

/** What a program at a bridge's address says of itself. */
export interface BridgeHello {
  readonly url: string;
  readonly version: string;
  /** It knows the token that came along. */
  readonly isPaired: boolean;
  /** What answers there, in words; it tells those alone that are paired. */
  readonly device: string | null;
}

/** For `bridgeUrl` and `bridgeToken` of `createEngine`. Whoever has the token may use the device: keep it as a secret of this origin. */
export interface BridgePairing {
  readonly url: string;
  readonly token: string;
  readonly expiresAtMs: number;
}

/** A pairing that waits for the code in the terminal. */
export interface PendingPairing {
  readonly expiresInMs: number;
  /** Throws `bridge-denied` (`param: 'code'`) for a wrong code, `not-paired` when it is over, and as `findBridge`. */
  finish(code: string): Promise<BridgePairing>;
}

/** Whether the browser lets this page reach programs on this computer; `null`: it asks nobody. Asks nobody itself. */
export function bridgePermission(): Promise<LoopbackPermission> {
  return bridgeScope().loopbackPermission();
}

/**
 * Looks for `forgelight serve`. Call it on a click: the browser may ask the person whether this page may reach programs on this computer, and
 * waits for the answer. Throws `bridge-unreachable` where there is none, `bridge-denied` where the page may not reach it.
 */
export async function findBridge(
  options: BridgeOptions = {},
  scope: BridgeScope = bridgeScope(),
): Promise<BridgeHello> {
  const { url, http } = callsOf(options, scope);
  const hello = (await http.json('/v1/hello', { signal: options.signal ?? null })) as Partial<
    Record<string, unknown>
  > | null;
  if (hello?.['service'] !== 'forgelight') {
    throw new ForgelightError(
      'bridge-unreachable',
      `What answers at ${url} is not “forgelight serve”. Look at the address.`,
    );
  }
  const { version, paired, device } = hello;
  return {
    url,
    version: String(version),
    isPaired: paired === true,
    device: typeof device === 'string' ? device : null,
  };
}

/** Begins a pairing: the daemon's terminal shows a code, which `finish` wants. Throws as `findBridge`, and `busy` when too many wait. */
export async function pairBridge(
  options: BridgeOptions = {},
  scope: BridgeScope = bridgeScope(),
): Promise<PendingPairing> {
  const { url, http } = callsOf({ ...options, token: undefined }, scope);
  const signal = options.signal ?? null;
  const begun = (await http.json('/v1/pair/start', { body: {}, signal })) as Begun;
  return {
    expiresInMs: begun.expires_in_seconds * 1000,
    async finish(code) {
      const digits = code.replaceAll(/[\s-]/g, '');
      if (!/^\d{6}$/.test(digits)) {
        throw new ForgelightError('invalid-request', 'The code has six digits, as 123-456.', { param: 'code' });
      }
      const body = { pairing_id: begun.pairing_id, code: digits };
      const { token, expires_at } = (await http.json('/v1/pair/finish', { body, signal })) as Finished;
      return { url, token, expiresAtMs: Date.parse(expires_at) };
    },
  };
}

/**
 * Gives a pairing up: the daemon knows the token no longer, and what runs with it ends. Resolves also where it had forgotten it before.
 * Throws as `findBridge`: then it still knows it, and `forgelight pair --revoke` takes it back there.
 */
export async function unpairBridge(
  { url, token }: Pick<BridgePairing, 'url' | 'token'>,
  scope: BridgeScope = bridgeScope(),
): Promise<void> {
  const { http } = callsOf({ url, token }, scope);
  try {
    await http.json('/v1/pair/revoke', { body: {} });
  } catch (error) {
    if (!(error instanceof ForgelightError && error.code === 'not-paired')) throw error;
  }
}

interface Begun {
  readonly pairing_id: string;
  readonly expires_in_seconds: number;
}

interface Finished {
  readonly token: string;
  readonly expires_at: string;
}

function callsOf(
  { url: given, token }: { readonly url?: string | URL; readonly token?: string | undefined },
  scope: BridgeScope,
): { readonly url: string; readonly http: BridgeHttp } {
  const url = bridgeAddress(given);
  return { url, http: new BridgeHttp(scope, { url, token: token ?? null, stallMs: PATIENCE_MS }) };
}
