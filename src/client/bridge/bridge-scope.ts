import type { Clock } from '../../base/clock';
import type { listHubModels } from '../list-hub-models';

/** What the browser says of a page's way to programs on this computer; `null`: it knows no such permission, and asks nobody. */
export type LoopbackPermission = 'granted' | 'prompt' | 'denied' | null;

/** Whether somebody sees the page. */
export interface Sight {
  isSeen(): boolean;
  /** Calls `listener` when that has changed; the returned function takes it back. */
  onChange(listener: () => void): () => void;
}

/** The page, as far as the way to a bridge goes; passed in so that it can be tried without one. */
export interface BridgeScope {
  readonly fetch: typeof fetch;
  readonly clock: Clock;
  readonly sight: Sight;
  /** What the hub says of a repository's files. */
  readonly listHub: typeof listHubModels;
  /** Never rejects. */
  loopbackPermission(): Promise<LoopbackPermission>;
}

/** Chrome's names: since version 145, and before. */
const PERMISSIONS = ['loopback-network', 'local-network-access'];

/** Of a document; what has none is always seen. */
const SIGHT: Sight = {
  isSeen: () => typeof document === 'undefined' || document.visibilityState === 'visible',
  onChange(listener) {
    if (typeof document === 'undefined') return () => undefined;
    document.addEventListener('visibilitychange', listener);
    return () => document.removeEventListener('visibilitychange', listener);
  },
};

/** The page that this code runs in, or Node. */
export function bridgeScope(): BridgeScope {
  return {
    fetch: (...request) => fetch(...request),
    // The page's own, without the origin that times of a worker's need.
    clock: {
      now: () => performance.now(),
      after(delayMs, callback) {
        const timer = setTimeout(callback, delayMs);
        return () => clearTimeout(timer);
      },
    },
    sight: SIGHT,
    listHub: async (...request) => (await import('../list-hub-models')).listHubModels(...request),
    async loopbackPermission() {
      for (const name of PERMISSIONS) {
        try {
          const { state } = await navigator.permissions.query({ name: name as PermissionName });
          return state;
        } catch {
          // This browser does not know the name.
        }
      }
      return null;
    },
  };
}
