import type { ErrorData } from '../base/errors';
import type { RequestId } from '../base/ids';
import type { EngineInfo } from './engine-port';
import type { EngineState, RequestState } from './snapshot';

/** What whoever watches an engine hears, in order. */
export type EngineEvent =
  | {
      readonly type: 'state';
      readonly state: EngineState;
      /** When a blocked device is tried again, in milliseconds of the engine's clock; in a browser, that of `Date`. */
      readonly retryAtMs: number | null;
      /**
       * Why the engine is `gone`, or `lost` with the program that answered; `null` in every other state. `lost` comes once more where nothing else
       * can answer until that program is back, which is looked for.
       */
      readonly error: ErrorData | null;
    }
  | { readonly type: 'request'; readonly requestId: RequestId; readonly state: RequestState }
  /** The device is gone; live requests wait for another one. */
  | { readonly type: 'lost' }
  /** Another device runs the model; live requests go on. `sameAnswers`: its fingerprint is that of the one before. */
  | { readonly type: 'restored'; readonly info: EngineInfo; readonly sameAnswers: boolean }
  /** The program that answers has taken the model off its device: the next request loads it there again. */
  | { readonly type: 'unloaded' };
