/** A request's sampling settings after validation: every field present, every value in range. */
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
  /** Unsigned 32 bits; drawn once when the request names none. */
  readonly seed: number;
  /** `null`: no logprobs; else how many alternatives to report. */
  readonly topLogprobs: number | null;
}
