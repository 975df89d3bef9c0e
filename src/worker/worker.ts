import { expose } from 'comlink';
import type { WorkerReady } from '../protocol/worker-ready';
import { WorkerHost } from './worker-host';

const tellReady = (lock: string | null): void =>
  postMessage({ type: 'forgelight:worker-ready', lock } satisfies WorkerReady);

expose(new WorkerHost());
const lock = `forgelight:${crypto.randomUUID()}`;
const life = navigator.locks.request(lock, async (): Promise<never> => {
  tellReady(lock);
  return new Promise(() => undefined);
});
life.catch(() => tellReady(null)); // an origin without storage is allowed no locks
