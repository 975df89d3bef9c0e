import { loopbackAddress } from '../client/bridge/loopback';
import type { BridgePairing } from '../client/index';

const KEY = 'forgelight-bridge';

/** What this browser keeps of the pairing with the program on this computer; `null` where there is none, it is over, or nothing is kept. */
export function readPairing(storage: () => Storage, nowMs: number): BridgePairing | null {
  try {
    const kept = JSON.parse(storage().getItem(KEY) ?? 'null') as Partial<BridgePairing> | null;
    if (typeof kept?.url !== 'string' || typeof kept.token !== 'string') return null;
    const { token, expiresAtMs } = kept;
    const url = loopbackAddress(kept.url);
    if (url === null) return null; // an earlier version took others
    return typeof expiresAtMs === 'number' && expiresAtMs > nowMs ? { url, token, expiresAtMs } : null;
  } catch {
    return null; // site data is blocked, or it is not ours
  }
}

/** `null`: it is forgotten. False where the browser keeps nothing of this page. */
export function keepPairing(storage: () => Storage, pairing: BridgePairing | null): boolean {
  try {
    if (pairing === null) storage().removeItem(KEY);
    else storage().setItem(KEY, JSON.stringify(pairing));
    return true;
  } catch {
    return false;
  }
}
