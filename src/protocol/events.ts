import type { ErrorData } from '../base/errors';
import type { RequestId, TokenId } from '../base/ids';

/** Why a request ended, exactly once. */
export type Outcome =
  | { readonly kind: 'stop' }
  | { readonly kind: 'length' }
  | { readonly kind: 'tool_calls' }
  | { readonly kind: 'cancelled' }
  | { readonly kind: 'timed_out' }
  | { readonly kind: 'failed'; readonly error: ErrorData };

export interface RatedToken {
  readonly tokenId: TokenId;
  /** Natural logarithm of the probability at temperature 1, before truncation. */
  readonly logprob: number;
  /** Of a token whose text by itself does not tell them: only part of a character, or with a space first. */
  readonly bytes?: readonly number[];
}

export interface TokenLogprob extends RatedToken {
  /** The `top_logprobs` most likely tokens, best first. */
  readonly top: readonly RatedToken[];
}

export interface Usage {
  readonly promptTokens: number;
  readonly completionTokens: number;
  readonly cachedTokens: number;
}

/** llama.cpp server's `timings` object, names and units as there. */
export interface Timings {
  readonly prompt_n: number;
  readonly prompt_ms: number;
  readonly prompt_per_second: number;
  readonly predicted_n: number;
  readonly predicted_ms: number;
  readonly predicted_per_second: number;
  readonly cache_n: number;
}

/**
 * What a request's owner receives, in order, on one port: `accepted`, any number of `prefill`, `token`, `logits` and `embedding`,
 * then exactly one `ended` and nothing after it. A request that is refused gets `ended` alone.
 */
export type RequestEvent =
  | {
      readonly type: 'accepted';
      readonly requestId: RequestId;
      readonly promptIds: readonly TokenId[];
      /** The seed in force: the request's own, or one that was drawn for it. */
      readonly seed: number;
    }
  | { readonly type: 'prefill'; readonly requestId: RequestId; readonly done: number; readonly total: number }
  | {
      readonly type: 'token';
      readonly requestId: RequestId;
      readonly tokenId: TokenId;
      /** Text that became certain with this token: whole characters, and nothing that may yet become a stop string. Often ''. */
      readonly text: string;
      readonly logprob?: TokenLogprob;
    }
  | {
      /** `evaluate` only: the next-token logits after the token at `position`. */
      readonly type: 'logits';
      readonly requestId: RequestId;
      readonly position: number;
      readonly logits: Float32Array; // [vocabularySize]
    }
  | {
      /** `embed` only: the text's vector, of length 1. */
      readonly type: 'embedding';
      readonly requestId: RequestId;
      readonly embedding: Float32Array; // [hidden]
    }
  | {
      readonly type: 'ended';
      readonly requestId: RequestId;
      readonly outcome: Outcome;
      /** Text held back until now: the rest of the answer, '' after a stop string. */
      readonly text: string;
      readonly usage: Usage;
      readonly timings: Timings;
    };
