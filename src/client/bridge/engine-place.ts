import type { EngineEvent } from '../../protocol/engine-events';
import type { CalledHost } from '../called-host';
import type { ErrorData } from '../../base/errors';
import type { EngineInfo, HostRequest } from '../../protocol/engine-port';
import type { RequestEvent } from '../../protocol/events';

/** Where a request can be answered: by the program on this computer, or in this page. */
export type PlaceName = 'bridge' | 'webgpu';

/** Hears of one request at one engine, never before `begin` has returned. */
export interface AttemptListener {
  readonly event: (event: RequestEvent) => void;
  /** The engine or the way to it is gone; the request is not over. */
  readonly broke: (error: ErrorData) => void;
}

/** An engine that can answer now. */
export interface PlacedEngine {
  readonly info: EngineInfo;
  /** Calls that are no requests. */
  readonly calls: Pick<CalledHost, 'tokenize' | 'detokenize' | 'snapshot' | 'stats'>;
  /** Begins a request. The returned function gives it up there: what is still heard of it afterwards is late. */
  begin(id: number, request: HostRequest, listener: AttemptListener): () => void;
  /** Frees it. Never rejects. */
  close(): Promise<void>;
}

/** What an engine tells of itself while it is open. */
export interface PlaceNews {
  /** It answers nothing any more. */
  readonly broke: (error: ErrorData) => void;
  /** Its own state, and its device's. */
  readonly event: (event: Exclude<EngineEvent, { type: 'request' }>) => void;
}

/** Makes the engine of a place ready: the daemon loads the model, or a worker does. Throws why it does not. */
export type OpenPlace = (news: PlaceNews) => Promise<PlacedEngine>;
