import { errorToData, ForgelightError } from '../../base/errors';
import type { RequestId } from '../../base/ids';
import type { EngineInfo, EngineStats, HostRequest, Result } from '../../protocol/engine-port';
import type { LoadProgress } from '../../protocol/progress';
import type { EngineSnapshot } from '../../protocol/snapshot';
import { requestEventFromJson } from '../../protocol/request-event-json';
import type { BridgeHttp } from './bridge-http';
import type { BridgeScope } from './bridge-scope';
import { BridgeWatch } from './bridge-watch';
import type { AttemptListener, PlacedEngine, PlaceNews } from './engine-place';
import { localEnd } from './local-end';
import { isBreak } from './breaks';
import { LoadNews } from './load-news';
import { Turns } from './turns';

/** Requests that stream at once. A browser has six connections for all its tabs; what waits for one says nothing, as if the bridge were gone. */
export const MAX_STREAMS = 4;

export interface BridgeModel {
  /** `sha256:…` */
  readonly model: string;
  readonly scope: Pick<BridgeScope, 'clock' | 'sight'>;
  readonly news: PlaceNews;
  readonly onProgress: (progress: LoadProgress) => void;
  /** What users should know besides what the daemon says of its engine. */
  readonly notes: (info: EngineInfo) => readonly string[];
  readonly signal: AbortSignal | null;
}

/** The engine that the daemon lends, with a model that it has: loaded there where it is not. Throws as `BridgeHttp`, and why it cannot be loaded. */
export async function openBridgeEngine(
  http: BridgeHttp,
  { model, scope, news, onProgress, notes, signal }: BridgeModel,
): Promise<PlacedEngine> {
  let info: EngineInfo | null = null;
  const progress = new LoadNews(onProgress);
  const query = `?model=${encodeURIComponent(model)}`;
  for await (const frame of http.frames(`/v1/engine${query}`, { signal })) {
    const told = frame as
      | ({ readonly type: 'progress' } & LoadProgress)
      | { readonly type: 'ready'; readonly info: EngineInfo };
    if (told.type === 'progress') progress.heard(told);
    if (told.type === 'ready') info = told.info;
  }
  const engine = new BridgeEngine(http, model, { info: checked(info, notes), scope, news, notes });
  progress.ended();
  return engine;
}

/** An open engine of the daemon's. Its requests hold connections, and its watch does while somebody sees the page: browsers have six for all their tabs. */
class BridgeEngine implements PlacedEngine {
  readonly calls: PlacedEngine['calls'];
  private readonly closing = new AbortController();
  private current: EngineInfo;
  private readonly turns = new Turns(MAX_STREAMS);

  constructor(
    private readonly http: BridgeHttp,
    private readonly model: string,
    { info, scope, news, notes }: Pick<BridgeModel, 'scope' | 'news' | 'notes'> & { readonly info: EngineInfo },
  ) {
    this.current = info;
    const { signal } = this.closing;
    const query = `?model=${encodeURIComponent(model)}`;
    this.calls = {
      tokenize: (text, options) =>
        settle(async () => {
          const body = { model, text, ...options };
          return ((await http.json('/v1/engine/tokenize', { body, signal })) as { ids: number[] }).ids;
        }),
      detokenize: (ids) =>
        settle(async () => {
          const body = { model, ids };
          return ((await http.json('/v1/engine/detokenize', { body, signal })) as { text: string }).text;
        }),
      snapshot: () =>
        settle(async () => (await http.json(`/v1/engine/snapshot${query}`, { signal })) as EngineSnapshot),
      stats: () =>
        settle(async () => {
          const stats = (await http.json(`/v1/engine/stats${query}`, { signal })) as EngineStats;
          return { ...stats, loadMs: {} }; // of a load that may be long ago, and was not this page's
        }),
    };
    const event: PlaceNews['event'] = (told) => {
      if (told.type !== 'restored') return news.event(told);
      this.current = checked(told.info, notes);
      news.event({ ...told, info: this.current });
    };
    new BridgeWatch({ http, scope, signal, path: `/v1/engine/events${query}`, news: { ...news, event } }).begin();
  }

  get info(): EngineInfo {
    return this.current;
  }

  begin(id: number, request: HostRequest, listener: AttemptListener): () => void {
    const giveUp = new AbortController();
    void this.run(id, request, listener, giveUp.signal);
    return () => giveUp.abort();
  }

  async close(): Promise<void> {
    this.closing.abort();
  }

  private async run(id: number, request: HostRequest, listener: AttemptListener, signal: AbortSignal): Promise<void> {
    await this.turns.take();
    try {
      if (!signal.aborted) await this.stream(id, request, listener, signal);
    } catch (error) {
      if (signal.aborted) return; // given up: nobody listens
      const data = errorToData(error, 'bridge-unreachable');
      if (isBreak(data)) listener.broke(data);
      else listener.event(localEnd(id, { kind: 'failed', error: data }));
    } finally {
      this.turns.leave();
    }
  }

  private async stream(
    id: number,
    request: HostRequest,
    listener: AttemptListener,
    signal: AbortSignal,
  ): Promise<void> {
    const body = { model: this.model, request };
    for await (const frame of this.http.frames('/v1/engine/submit', { body, signal })) {
      const event = requestEventFromJson(frame);
      if (signal.aborted) return;
      listener.event({ ...event, requestId: id as RequestId }); // the daemon's own number says nothing here
      if (event.type === 'ended') return;
    }
    listener.broke({ code: 'bridge-unreachable', message: 'The bridge ended an answer without its end.' });
  }
}

async function settle<T>(work: () => Promise<T>): Promise<Result<T>> {
  try {
    return { ok: true, value: await work() };
  } catch (error) {
    return { ok: false, error: errorToData(error, 'bridge-unreachable') };
  }
}

/** What the daemon says of its engine, as far as the page counts on it, with notes of this page's. */
function checked(value: unknown, notes: BridgeModel['notes']): EngineInfo {
  const info = value as EngineInfo | null;
  const isWhole =
    typeof info?.model?.sha256 === 'string' &&
    typeof info.model.name === 'string' &&
    typeof info.model.contextLength === 'number' &&
    typeof info.model.vocabularySize === 'number' &&
    typeof info.device?.name === 'string' &&
    typeof info.systemFingerprint === 'string' &&
    Array.isArray(info.notes);
  const more = isWhole ? notes(info) : [];
  if (isWhole) return more.length === 0 ? info : { ...info, notes: [...info.notes, ...more] };
  throw new ForgelightError(
    'bridge-unreachable',
    'The bridge did not say what its engine is: its version may be another one.',
  );
}
