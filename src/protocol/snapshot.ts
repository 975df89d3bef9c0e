import type { ErrorData } from '../base/errors';
import type { RequestId } from '../base/ids';
import type { Outcome } from './events';

export type RequestState = 'queued' | 'prefilling' | 'decoding' | 'ended';
export type EngineState = 'loading' | 'ready' | 'lost' | 'blocked' | 'gone' | 'closed';

export interface RequestSnapshot {
  readonly id: RequestId;
  readonly state: RequestState;
  readonly promptTokens: number;
  readonly generatedTokens: number;
  /** Present exactly when `state` is `ended`. */
  readonly finishReason?: Outcome['kind'];
  readonly error?: ErrorData;
}

/** An immutable copy of the engine's state: consistent in itself, never a live object. */
export interface EngineSnapshot {
  /** Grows by at least one with every visible change. */
  readonly version: number;
  readonly state: EngineState;
  /** Live requests, then the last few that ended. */
  readonly requests: readonly RequestSnapshot[];
  /** When a blocked device is tried again, in milliseconds of the engine's clock; `null` in every other state. */
  readonly retryAtMs: number | null;
  readonly kv: {
    readonly totalBlocks: number;
    /** Blocks with prompts that are kept for later requests count as free. */
    readonly freeBlocks: number;
    readonly blockTokens: number;
    /** The pool of layers with a sliding window; `null` where there are none. */
    readonly window: { readonly totalBlocks: number; readonly freeBlocks: number } | null;
  };
  /** Requests waiting for a place. */
  readonly queue: number;
}
