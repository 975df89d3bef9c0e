import { errorToData } from '../../base/errors';
import type { RequestId } from '../../base/ids';
import type { EngineEvent } from '../../protocol/engine-events';
import type { EngineInfo, HostRequest } from '../../protocol/engine-port';
import type { RequestEvent } from '../../protocol/events';
import type { LoadedWorker } from '../loaded-worker';
import type { AttemptListener, PlacedEngine, PlaceNews } from './engine-place';

/** An engine of this page, in its worker. Its requests have numbers of their own: one that comes back is another one there. */
export class WorkerEngine implements PlacedEngine {
  readonly calls: PlacedEngine['calls'];
  private current: EngineInfo;
  private lastRequest = 0;

  /** `notes`: why this engine answers, for people. */
  constructor(
    private readonly worker: LoadedWorker,
    private readonly notes: readonly string[],
    news: PlaceNews,
  ) {
    const { host, info, lifeline, transfer } = worker;
    this.calls = host;
    this.current = this.noted(info);
    lifeline.onEnd((error) => news.broke(errorToData(error, 'closed')));
    const { port1, port2 } = new MessageChannel();
    port1.addEventListener('message', ({ data }: MessageEvent<EngineEvent>) => {
      if (data.type === 'request') return; // under numbers that nobody else knows
      if (data.type !== 'restored') return news.event(data);
      this.current = this.noted(data.info);
      news.event({ ...data, info: this.current });
    });
    port1.start();
    lifeline.onEnd(() => port1.close());
    lifeline.watch(host.watch(transfer(port2, [port2])));
  }

  get info(): EngineInfo {
    return this.current;
  }

  begin(id: number, request: HostRequest, listener: AttemptListener): () => void {
    const { host, lifeline, transfer } = this.worker;
    this.lastRequest += 1;
    const own = this.lastRequest;
    const { port1, port2 } = new MessageChannel();
    let isOver = false;
    const end = (): void => {
      isOver = true;
      forget();
      port1.close();
    };
    const forget = lifeline.onEnd((error) => {
      end();
      listener.broke(errorToData(error, 'closed'));
    });
    port1.addEventListener('message', ({ data: event }: MessageEvent<RequestEvent>) => {
      if (isOver) return;
      port1.postMessage(null); // read already: whoever reads it in the end is looked after elsewhere
      if (event.type === 'ended') end();
      listener.event({ ...event, requestId: id as RequestId });
    });
    port1.start();
    lifeline.watch(host.submit(own, request, transfer(port2, [port2])));
    return () => {
      if (isOver) return;
      end();
      lifeline.watch(host.cancel(own));
    };
  }

  async close(): Promise<void> {
    await this.worker.close();
  }

  private noted(info: EngineInfo): EngineInfo {
    return { ...info, notes: [...info.notes, ...this.notes] };
  }
}
