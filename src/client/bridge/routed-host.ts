import { errorToData } from '../../base/errors';
import type { Clock } from '../../base/clock';
import type { EngineEvent } from '../../protocol/engine-events';
import type { HostRequest, Result } from '../../protocol/engine-port';
import { ReaderPort } from '../../protocol/reader-port';
import type { CalledHost } from '../called-host';
import type { Sight } from './bridge-scope';
import type { PlacedEngine } from './engine-place';
import { isBreak } from './breaks';
import { RequestRoutes, type RoutePorts } from './request-routes';
import type { PlaceName } from './engine-place';

export interface RoutedHostOptions extends Pick<RoutePorts, 'places'> {
  readonly preferred: PlaceName;
  readonly clock: Clock;
  readonly sight: Sight;
  /** As of `timeouts.stallMs`: who reads a request's events no more has it cancelled. */
  readonly stallMs: number;
}

/** The host that a client sees where two engines can answer. Owns both, and everything that is asked of them. */
export class RoutedHost implements CalledHost {
  readonly routes: RequestRoutes;
  private readonly watchers = new Set<MessagePort>();
  private readonly options: RoutedHostOptions;
  private closing: Promise<void> | null = null;

  constructor(options: RoutedHostOptions) {
    this.options = options;
    const { places, preferred, clock, sight } = options;
    this.routes = new RequestRoutes({ places, tell: (event) => this.tell(event), clock, sight }, preferred);
  }

  async submit(id: number, request: HostRequest, port: MessagePort): Promise<void> {
    const { clock, stallMs: silenceMs } = this.options;
    const reader = new ReaderPort(port, { clock, silenceMs, onSilence: () => void this.routes.cancel(id) });
    this.routes.submit(id, request, (event) => reader.send(event));
  }

  async cancel(id: number): Promise<boolean> {
    return this.routes.cancel(id);
  }

  async watch(port: MessagePort): Promise<void> {
    this.watchers.add(port);
  }

  tokenize(...input: Parameters<CalledHost['tokenize']>): Promise<Result<number[]>> {
    return this.ask(({ calls }) => calls.tokenize(...input));
  }

  detokenize(...input: Parameters<CalledHost['detokenize']>): Promise<Result<string>> {
    return this.ask(({ calls }) => calls.detokenize(...input));
  }

  snapshot(): ReturnType<CalledHost['snapshot']> {
    return this.ask(({ calls }) => calls.snapshot());
  }

  stats(): ReturnType<CalledHost['stats']> {
    return this.ask(({ calls }) => calls.stats());
  }

  close(): Promise<void> {
    this.closing ??= this.routes.close();
    return this.closing;
  }

  /** At one engine, and where that breaks, at the next. */
  private async ask<T>(call: (engine: PlacedEngine) => PromiseLike<Result<T>>): Promise<Result<T>> {
    let last: Result<T> | null = null;
    for (let turn = 0; turn < 2; turn++) {
      try {
        const engine = await this.routes.engine();
        last = await call(engine);
        if (last.ok || !isBreak(last.error)) return last;
        this.routes.fails(engine, last.error);
      } catch (error) {
        return last ?? { ok: false, error: errorToData(error, 'closed') };
      }
    }
    return last as Result<T>;
  }

  private tell(event: EngineEvent): void {
    for (const port of this.watchers) port.postMessage(event);
  }
}
