/** Whether a model would run on a device, told from its header alone. Sizes in bytes, contexts in tokens. */
export interface FitReport {
  /**
   * `fits` as asked for; `fits-shorter`: only with a shorter context than asked for (or than the engine would take by itself);
   * `too-big`: not with any context worth having; `unsupported`: the engine cannot run this model anywhere.
   */
  readonly verdict: 'fits' | 'fits-shorter' | 'too-big' | 'unsupported';
  /** Of what is `unsupported`, what a load would fail with. */
  readonly code?: 'unsupported-architecture' | 'unsupported-quantisation';
  /** Whether the model writes text or makes embeddings; absent where it is not supported, and from a daemon of an older version. */
  readonly purpose?: 'text' | 'embedding';
  /** Of the file, or of all parts. */
  readonly sizeBytes: number;
  /** Buffers of the weights, of the KV cache, and of all else. 0 where the model is not supported. */
  readonly weightBytes: number;
  readonly kvBytes: number;
  readonly scratchBytes: number;
  /** What these sizes are for: the context asked for, or where that does not fit the largest that does. */
  readonly contextLength: number;
  /** The longest that would fit; 0: none. */
  readonly largestContextLength: number;
  /** What the device is taken to have: given, or guessed by `estimateMemoryBudget`. */
  readonly memoryBudgetBytes: number;
  /** The verdict as a sentence for the user. */
  readonly reason: string;
}
