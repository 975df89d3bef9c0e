/**
 * A model described in terms of its layers: what an architecture file reads from the metadata, and all that the plan
 * builder needs. Tensors are named as in the GGUF.
 */
export interface Network {
  readonly hiddenSize: number;
  readonly vocabularySize: number;
  /** Tokens the model was trained for. */
  readonly contextLength: number;
  readonly normEpsilon: number;
  /** [vocabulary × hidden] */
  readonly embedding: string;
  readonly embeddingScale: number;
  readonly layers: readonly Layer[];
  readonly outputNorm: string;
  /** [vocabulary × hidden]; the embedding again when tied. */
  readonly head: string;
  /** The cos/sin tables that layers refer to by index; all with the same number of pairs. */
  readonly ropes: readonly Rope[];
}

export interface Layer {
  readonly attention: AttentionBlock;
  readonly feedForward: FeedForwardBlock;
}

/** x += output · attention(RoPE(query, key), value) of norm(x) */
export interface AttentionBlock {
  readonly norm: string;
  readonly query: string; // [heads·headSize × hidden]
  readonly key: string; // [kvHeads·headSize × hidden]
  readonly value: string; // [kvHeads·headSize × hidden]
  readonly output: string; // [hidden × heads·headSize]
  readonly heads: number;
  readonly kvHeads: number;
  readonly headSize: number;
  /** Of the scores before the softmax. */
  readonly scale: number;
  /** Index into `ropes`. */
  readonly rope: number;
}

/** x += down · (silu(gate · n) ⊙ (up · n)), n = norm(x) */
export interface FeedForwardBlock {
  readonly norm: string;
  readonly gate: string; // [size × hidden]
  readonly up: string; // [size × hidden]
  readonly down: string; // [hidden × size]
  readonly size: number;
}

/** Rotary position embedding (Su et al. 2021): pair i turns by position · base^(−i / pairs). */
export interface Rope {
  readonly pairs: number;
  readonly base: number;
  /** Which elements form a pair: neighbours (2i, 2i + 1), or halves (i, i + pairs). */
  readonly pairing: 'neighbours' | 'halves';
}
