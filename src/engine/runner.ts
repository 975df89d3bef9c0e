import type { BlockId, TokenId } from '../base/ids';
import type { Draw } from '../sampling/draw';
import type { Penalties } from '../sampling/penalties';

/**
 * What the actor asks of a model on a device. The actor owns the request state and the block tables; the runner owns
 * the device buffers and knows nothing of requests.
 */
export interface Runner {
  readonly limits: RunnerLimits;
  /**
   * Encodes and submits one step at once; resolves when its results are on the host. Steps run in the order of the
   * calls, and the caller need not wait for one before submitting the next. Rejects with `ForgelightError`
   * (`device-lost`, `out-of-memory`).
   */
  submit(batch: StepBatch): Promise<readonly StepResult[]>;
}

export interface RunnerLimits {
  readonly vocabularySize: number;
  /** Tokens one request may hold: prompt and answer. */
  readonly contextLength: number;
  /** Tokens a KV block holds. */
  readonly blockTokens: number;
  readonly totalBlocks: number;
  /** The pool of the layers with a sliding window; `null` where no layer has one. */
  readonly window: WindowLimits | null;
  /** Rows of one prefill step at least, but for the last of a prompt. */
  readonly minChunkTokens: number;
  /** And at most. */
  readonly maxChunkTokens: number;
  /** Rows of one decode step. */
  readonly maxDecodeRows: number;
  /** Requests that run together: slots are numbered below it. */
  readonly maxSlots: number;
  /** The most candidates that `sample` draws from. */
  readonly topK: number;
}

/** What layers with a window need: as many blocks as `maxSlots` sequences can see at once, with the rows of a step. */
export interface WindowLimits {
  /** Positions that a row can see, its own included. */
  readonly tokens: number;
  readonly blocks: number;
}

export interface StepBatch {
  /** Decode rows always run the decode kernels, prompt rows the prefill kernels. */
  readonly kind: 'prefill' | 'decode';
  readonly rows: readonly StepRow[];
  readonly sequences: readonly StepSequence[];
  readonly outputs: readonly StepOutput[];
}

export interface StepRow {
  /** `null`: the token that the last `argmax` or `sample` output of this slot chose; it is still on the device. */
  readonly token: TokenId | null;
  readonly position: number;
  /** Which of `sequences` the row belongs to, by slot. */
  readonly slot: number;
}

/** A sequence's place on the device: its slot, and the blocks that hold positions 0, blockTokens, 2·blockTokens … */
export interface StepSequence {
  readonly slot: number;
  readonly blocks: readonly BlockId[];
  /** The same in the pool of layers with a window; `null` where no row of the step sees anything. Empty without such layers. */
  readonly windowBlocks: readonly (BlockId | null)[];
}

/**
 * `row` is an index into `rows`. `argmax`, `sample`: the device chooses the token, once it has penalised
 * the logits of the row's token and of as many before it as `penalties` says, which it has from their own rows. `embedding`: of a model that makes them, which has
 * no other mode; the row is the last of its text.
 */
export type StepOutput =
  | { readonly row: number; readonly mode: 'logits' }
  | { readonly row: number; readonly mode: 'embedding' }
  | { readonly row: number; readonly mode: 'argmax'; readonly penalties?: Penalties }
  | { readonly row: number; readonly mode: 'sample'; readonly draw: Draw; readonly penalties?: Penalties };

/** One per output, in their order. A NaN among the logits is reported, never hidden. */
export type StepResult =
  | { readonly mode: 'argmax' | 'sample'; readonly tokenId: TokenId; readonly nan: boolean }
  | { readonly mode: 'logits'; readonly logits: Float32Array } // [vocabularySize]
  | { readonly mode: 'embedding'; readonly embedding: Float32Array }; // [hidden], of length 1
