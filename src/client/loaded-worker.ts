import type { Remote, transfer } from 'comlink';
import type { EngineHost, EngineInfo } from '../protocol/engine-port';
import type { HostWorker } from './engine-client';
import type { Lifeline } from './lifeline';

/** A worker with a model that can answer. Code that is fetched later gets here what it needs, and imports none of it: the first load stays in one piece. */
export interface LoadedWorker extends HostWorker {
  readonly host: Remote<EngineHost>;
  readonly info: EngineInfo;
  readonly lifeline: Lifeline;
  readonly transfer: typeof transfer;
  readonly close: () => Promise<void>;
}
