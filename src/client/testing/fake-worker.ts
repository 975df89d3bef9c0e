import { expose } from 'comlink';
import type { WorkerReady } from '../../protocol/worker-ready';
import type { EngineScope, StorageRoom } from '../browser-scope';
import { FakeHost } from './fake-host';

const READY: WorkerReady = { type: 'forgelight:worker-ready', lock: 'lock of the worker' };

/** A worker without a thread: its host lives behind a message channel, as a real one's does. */
export class FakeWorker extends EventTarget {
  terminations = 0;
  private readonly channel = new MessageChannel();

  constructor(host: FakeHost) {
    super();
    expose(host, this.channel.port2);
    this.channel.port1.addEventListener('message', ({ data, ports }) => {
      this.dispatchEvent(new MessageEvent('message', { data: data as unknown, ports: [...ports] }));
    });
    this.channel.port1.start();
  }

  postMessage(message: unknown, transfer: Transferable[] = []): void {
    this.channel.port1.postMessage(message, transfer);
  }

  terminate(): void {
    this.terminations += 1;
    this.channel.port1.close();
  }

  sayReady(): void {
    this.dispatchEvent(new MessageEvent('message', { data: READY }));
  }

  fail(message: string): void {
    this.dispatchEvent(Object.assign(new Event('error'), { message }));
  }
}

/** A page on which workers are started by hand. */
export class FakeScope implements EngineScope {
  readonly host = new FakeHost();
  readonly worker = new FakeWorker(this.host);
  /** Addresses that workers were started from. */
  readonly started: string[] = [];
  readonly scripts: string[] = [];
  readonly revoked: string[] = [];
  pageUrl = 'https://page.example/chat/';
  hasWebGpu = true;
  isSecure = true;
  nowMs = 1000;
  /** Lock → who waits for it. */
  readonly waiting = new Map<string, () => void>();
  /** Who hears that the page is left. */
  readonly leaving = new Set<() => void>();
  /** What happens when a worker is constructed; by default it says that it is ready. */
  onCreate: (worker: FakeWorker) => void = (worker) => queueMicrotask(() => worker.sayReady());

  /** How often the browser was asked to keep what the page keeps. */
  persisted = 0;

  async persist(): Promise<boolean> {
    this.persisted += 1;
    return true;
  }

  async storageRoom(): Promise<StorageRoom> {
    return { usageBytes: 240_000_000, quotaBytes: 10_000_000_000, isPersistent: this.persisted > 0 };
  }

  now(): number {
    return this.nowMs;
  }

  createWorker(url: string): Worker {
    this.started.push(url);
    this.onCreate(this.worker);
    return this.worker as unknown as Worker;
  }

  createScriptUrl(script: string): string {
    this.scripts.push(script);
    return 'blob:https://page.example/1';
  }

  revokeScriptUrl(url: string): void {
    this.revoked.push(url);
  }

  onFree(lock: string, listener: () => void): void {
    this.waiting.set(lock, listener);
  }

  onLeave(listener: () => void): () => void {
    this.leaving.add(listener);
    return () => void this.leaving.delete(listener);
  }
}
