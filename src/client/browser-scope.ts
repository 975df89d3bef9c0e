import { ForgelightError } from '../base/errors';
import type { WorkerScope } from './start-worker';
import { trustedScriptUrl } from './trusted-url';

/** The room that the browser gives this origin; `null`: it does not tell. */
export interface StorageRoom {
  /** Bytes of all that the origin keeps, which is more than its models. */
  readonly usageBytes: number | null;
  /** Bytes that it may keep in all, those of `usageBytes` among them. */
  readonly quotaBytes: number | null;
  /** Whether the browser keeps them also when the disk gets full. */
  readonly isPersistent: boolean | null;
}

/** The page as `createEngine` uses it. */
export interface EngineScope extends WorkerScope {
  /** Whether the page offers WebGPU at all. A worker may still find no adapter. */
  readonly hasWebGpu: boolean;
  /** https, or this computer: what WebGPU demands. */
  readonly isSecure: boolean;
  /** Asks the browser to keep what this page keeps, and resolves with whether it will; it may ask the user. Never rejects. */
  persist(): Promise<boolean>;
  /** Never rejects. */
  storageRoom(): Promise<StorageRoom>;
  /** Milliseconds on a clock that never goes back. */
  now(): number;
  /** Calls `listener` when the Web Lock is free. */
  onFree(lock: string, listener: () => void): void;
  /** Calls `listener` when the page is left, also if the browser keeps it for Back; the returned function takes it back. */
  onLeave(listener: () => void): () => void;
}

/** The page that this code runs in. Throws `no-webgpu` where there is none (Node). */
export function browserScope(): EngineScope {
  if (typeof Worker === 'undefined' || typeof location === 'undefined') {
    throw new ForgelightError(
      'no-webgpu',
      'createEngine runs in a browser page; outside of one, loadTokenizer is what works here.',
    );
  }
  return {
    pageUrl: location.href,
    isSecure: isSecureContext,
    hasWebGpu: 'gpu' in navigator && navigator.gpu !== undefined,
    // Where there is no storage nothing is kept.
    persist: async () => (await navigator.storage?.persist().catch(() => false)) ?? false,
    storageRoom: async () => {
      const { storage } = navigator;
      const [room, isPersistent] = await Promise.all([
        storage?.estimate().catch(() => undefined),
        storage?.persisted().catch(() => undefined),
      ]);
      return {
        usageBytes: room?.usage ?? null,
        quotaBytes: room?.quota ?? null,
        isPersistent: isPersistent ?? null,
      };
    },
    now: () => performance.now(),
    createWorker: (url) => new Worker(trustedScriptUrl(url), { type: 'module', name: 'forgelight' }),
    createScriptUrl: (script) => URL.createObjectURL(new Blob([script], { type: 'text/javascript' })),
    revokeScriptUrl: (url) => URL.revokeObjectURL(url),
    // It rejects when the page is on its way out: nobody is left to call.
    onFree: (lock, listener) => void navigator.locks.request(lock, () => undefined).then(listener, () => undefined),
    onLeave(listener) {
      addEventListener('pagehide', listener);
      return () => removeEventListener('pagehide', listener);
    },
  };
}

/** Throws `no-webgpu`, with what the user can do about it. */
export function requireWebGpu(scope: EngineScope): void {
  if (scope.hasWebGpu) return;
  const advice = scope.isSecure
    ? 'Use a current Chrome, Edge, Safari (26 or later) or Firefox with WebGPU and hardware acceleration switched on.'
    : 'WebGPU exists on secure pages only: open this page over https:// or on localhost.';
  throw new ForgelightError('no-webgpu', `This page has no WebGPU (navigator.gpu is missing). ${advice}`);
}
