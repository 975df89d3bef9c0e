import type { RequestId, TokenId } from '../base/ids';
import type { SamplingOptions } from './sampling-options';

/** Generates until a stop token, a stop string or `maxTokens`. */
export interface GenerateTask {
  readonly kind: 'generate';
  readonly promptIds: readonly TokenId[];
  /** What another engine has emitted of this answer already; the answer goes on behind it. They count as generated. */
  readonly emittedIds: readonly TokenId[];
  /** At least 1; the engine also ends with `length` where the context ends. */
  readonly maxTokens: number;
  readonly sampling: SamplingOptions;
  /** Stop strings, cut from the answer. End-of-generation tokens always stop. */
  readonly stop: readonly string[];
}

/** Runs the prompt through the prefill kernels and reports logits at the wanted positions. */
export interface EvaluateTask {
  readonly kind: 'evaluate';
  readonly promptIds: readonly TokenId[];
  /** Positions in `promptIds`, ascending, without repetition. */
  readonly positions: readonly number[];
}

/** Runs the text through a model that makes embeddings and reports its vector. */
export interface EmbedTask {
  readonly kind: 'embed';
  readonly promptIds: readonly TokenId[];
}

export type Task = GenerateTask | EvaluateTask | EmbedTask;

/** What a client may ask of the engine's actor. Delivered in order, read between steps. */
export type Command =
  | { readonly type: 'submit'; readonly requestId: RequestId; readonly task: Task }
  | { readonly type: 'cancel'; readonly requestId: RequestId };
