import type { RequestId } from '../base/ids';
import type { EngineInfo } from './engine-port';
import type { EngineState, RequestState } from './snapshot';

/** What whoever watches an engine hears, in order. */
export type EngineEvent =
  | {
      readonly type: 'state';
      readonly state: EngineState;
      /** When a blocked device is tried again, in milliseconds of the engine's clock. */
      readonly retryAtMs: number | null;
    }
  | { readonly type: 'request'; readonly requestId: RequestId; readonly state: RequestState }
  /** The device is gone; live requests wait for another one. */
  | { readonly type: 'lost' }
  /** Another device runs the model; live requests go on. `sameAnswers`: its fingerprint is that of the one before. */
  | { readonly type: 'restored'; readonly info: EngineInfo; readonly sameAnswers: boolean };
