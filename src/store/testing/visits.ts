import { createHash } from 'node:crypto';
import { FakeClock } from '../../../test/support/fake-clock';
import type { ScriptedServer } from '../../../test/support/scripted-server';
import { assert } from '../../base/assert';
import { ModelStore } from '../model-store';
import type { ModelSource, OpenedModel } from '../source';
import type { StoredSource, StoredSourceOptions } from '../stored-source';
import { urlSource } from '../url-source';
import type { MemoryGround } from './memory-ground';
import { MemoryTab, type FaultPlan } from './memory-tab';

export const ADDRESS = 'https://host/model.gguf';

export function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Bytes that differ from seed to seed and from place to place. */
export function content(sizeBytes: number, seed = 1): Uint8Array {
  return Uint8Array.from({ length: sizeBytes }, (_, index) => (index * 7 + (index >> 3) + seed * 31) & 0xff);
}

let today = 1_700_000_000_000;

/** One tab with the store on a ground that it may share with others. */
export class Visit {
  readonly tab: MemoryTab;
  readonly store: ModelStore;
  readonly reports: unknown[] = [];
  readonly abort = new AbortController();
  source: StoredSource | null = null;
  opened: OpenedModel | null = null;
  /** What came out of the stream so far. */
  readonly received: number[] = [];

  constructor(
    private readonly ground: MemoryGround,
    plan: FaultPlan = {},
    grainBytes = 16,
  ) {
    this.tab = new MemoryTab(ground, plan);
    this.store = new ModelStore(this.tab.ports, {
      clock: new FakeClock(10_000),
      now: () => (today += 1),
      report: (error) => this.reports.push(error),
      journalGrain: () => grainBytes,
    });
  }

  /** Reads a model to its end, or until so many bytes have come: then it is aborted. Returns all bytes. */
  async load(
    server: ScriptedServer,
    options: StoredSourceOptions & { readonly address?: string; readonly abortAfterBytes?: number } = {},
  ): Promise<Uint8Array> {
    const { address = ADDRESS, abortAfterBytes = Number.POSITIVE_INFINITY, ...rest } = options;
    this.source?.close();
    this.source = this.store.source(this.network(server, address, rest.keep), rest);
    return this.drain(this.source, abortAfterBytes);
  }

  /** Whoever fetches has the download's lock, unless nothing is kept. */
  network(server: ScriptedServer, address: string, keep = true): ModelSource {
    return urlSource(new URL(address), {
      clock: new FakeClock(10_000),
      random: () => 0.5,
      stallMs: 30_000,
      fetch: (input, init) => {
        assert(!keep || this.ground.locks.isHeldBy(this.tab, /download/), 'who downloads has the lock');
        return server.fetch(input, init);
      },
    });
  }

  async drain(source: StoredSource, abortAfterBytes = Number.POSITIVE_INFINITY): Promise<Uint8Array> {
    this.received.length = 0;
    this.opened = null;
    const opened = await source.open(this.abort.signal);
    this.opened = opened;
    for (;;) {
      const chunk = await opened.stream.read();
      if (chunk === null) return Uint8Array.from(this.received);
      this.received.push(...chunk);
      if (this.received.length < abortAfterBytes) continue;
      const reason = new DOMException('enough', 'AbortError');
      this.abort.abort(reason);
      await opened.stream.cancel(reason);
    }
  }
}
