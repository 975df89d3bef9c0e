import { createReferenceDevice } from '../../src/device/reference/reference-device';
import type { HostedEngine } from '../../src/engine/hosted-engine';
import { loadModel } from '../../src/engine/load-model';
import { systemClock as clock } from '../../src/base/system-clock';
import { FakeScope } from '../../src/client/testing/fake-worker';
import { defined } from '../../src/base/assert';
import { parseEngineOptions } from '../../src/protocol/engine-options-schema';
import type { HostRequest, LoadOptions } from '../../src/protocol/engine-port';
import { ReaderPort } from '../../src/protocol/reader-port';
import type { ModelSource } from '../../src/store/source';
import { settle } from '../../src/worker/settle';
import { withOverrides } from '../../test/support/load-zoo';

/** A page whose worker has a real engine, on the CPU, and no thread. */
export class PageWithEngine {
  readonly scope = new FakeScope();
  /** Everything that this page's own engine was asked, and told to load. */
  readonly asked: HostRequest[] = [];
  readonly loads: LoadOptions[] = [];
  /** Its engine says no more of a request than so many tokens. */
  mostTokens = Infinity;
  private engine: HostedEngine | null = null;

  /** @param sourceOf where the model's bytes come from, when it is told to load */
  constructor(private readonly sourceOf: (options: LoadOptions) => ModelSource) {
    Object.assign(this.scope.host, {
      onLoad: (options: LoadOptions) => settle(() => this.load(options)),
      submit: (id: number, request: HostRequest, port: MessagePort) => this.submit(id, request, port),
      cancel: async (id: number) => defined(this.engine, 'an engine').cancel(id),
      close: async () => this.engine?.close(),
    });
  }

  private async load(given: LoadOptions) {
    this.loads.push(given);
    const { load } = parseEngineOptions(given);
    this.engine = await loadModel(load, {
      source: this.sourceOf(load),
      openDevice: async () => withOverrides(createReferenceDevice(), { name: 'page' }),
      clock,
      variantCache: { get: async () => null, set: async () => undefined },
      randomSeed: () => 1,
      onProgress: () => undefined,
      report: (error) => {
        throw error;
      },
      signal: new AbortController().signal,
    });
    return this.engine.info;
  }

  private submit(id: number, request: HostRequest, port: MessagePort): void {
    this.asked.push(request);
    const reader = new ReaderPort(port, { clock, silenceMs: 60_000, onSilence: () => undefined });
    let left = this.mostTokens;
    defined(this.engine, 'an engine').submit(id, request, (event) => {
      if (event.type === 'token') left -= 1;
      if (left >= 0) reader.send(event);
    });
  }
}
