import type { EngineInfo } from './engine-port';
import type { RequestId } from '../base/ids';
import type { RequestEvent } from './events';

/** Whoever can answer a request at several engines tells its reader by whom: before its first event, and before the first of each other one. */
export interface MovedEvent {
  readonly type: 'moved';
  readonly requestId: RequestId;
  readonly info: EngineInfo;
}

/** What the reader of a request hears. */
export type StreamEvent = RequestEvent | MovedEvent;
