import type { TokenId } from '../base/ids';

/** What the chain needs to know of a request. The protocol's `SamplingOptions` is assignable to it. */
export interface SamplingOptions {
  /** 0 is greedy. */
  readonly temperature: number;
  /** 0 keeps all. */
  readonly topK: number;
  /** 1 keeps all. */
  readonly topP: number;
  /** 0 keeps all. */
  readonly minP: number;
  /** 1 changes nothing. */
  readonly repeatPenalty: number;
  /** How many of the last tokens the three penalties look at. */
  readonly repeatLastN: number;
  readonly presencePenalty: number;
  readonly frequencyPenalty: number;
  /** Added to the logits of these token ids. */
  readonly logitBias: readonly (readonly [tokenId: number, bias: number])[];
  /** Unsigned 32 bits. */
  readonly seed: number;
  /** `null`: no logprobs; else how many alternatives to report. */
  readonly topLogprobs: number | null;
}

export interface TokenLogprob {
  readonly tokenId: TokenId;
  /** Natural logarithm of the probability at temperature 1, before penalties, bias and truncation. */
  readonly logprob: number;
  /** The most likely tokens, best first. */
  readonly top: readonly { readonly tokenId: TokenId; readonly logprob: number }[];
}

export interface Sampled {
  readonly tokenId: TokenId;
  readonly logprob?: TokenLogprob;
}

/** Some of the vocabulary, best first: descending logit, among equals ascending id. Both arrays have the same length. */
export interface Candidates {
  readonly ids: Uint32Array;
  readonly logits: Float32Array;
}
