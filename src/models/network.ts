import type { Activation, GluKind } from '../kernels/linear';

/**
 * A model described in terms of its layers: what an architecture file reads from the metadata, and all that the plan
 * builder needs. Tensors are named as in the GGUF; what a model does not have is `null` or 1.
 */
export interface Network {
  readonly kind: 'decoder';
  /** `last`: the model makes one vector of a text, the normed state of its last token, and no head is read. */
  readonly pooling: 'last' | null;
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
  /** Of the logits. */
  readonly logitScale: number;
  /** Logits are capped to ±this with tanh. */
  readonly logitSoftCap: number | null;
  /** What the layers' outputs are multiplied with before they join the residual stream. */
  readonly residualScale: number;
  /** The cos/sin tables that layers refer to by index; all with the same number of pairs. */
  readonly ropes: readonly Rope[];
}

export interface Layer {
  readonly attention: AttentionBlock;
  readonly feedForward: FeedForwardBlock;
}

/** A matrix that the file has as one tensor, or as several over the same input. */
export type Stacked = readonly { readonly name: string; readonly rows: number }[];

/** x += postNorm(output · attention(RoPE(queryNorm(query)), RoPE(keyNorm(key)), value)) of norm(x) */
export interface AttentionBlock {
  readonly norm: string | null;
  /** Rows of queries, keys, values, in this order: [(heads + 2·kvHeads)·headSize × hidden]. */
  readonly qkv: Stacked;
  /** Biases of the parts of `qkv`. */
  readonly qkvBias: readonly string[] | null;
  readonly queryNorm: HeadNorm | null;
  readonly keyNorm: HeadNorm | null;
  /** A score of each head that joins the softmax beside those of the positions, and has no value. */
  readonly sinks: string | null; // [heads]
  readonly output: string; // [hidden × heads·headSize]
  readonly outputBias: string | null; // [hidden]
  readonly postNorm: string | null;
  readonly heads: number;
  readonly kvHeads: number;
  readonly headSize: number;
  /** Of the scores before the softmax. */
  readonly scale: number;
  /** Scores are capped to ±this with tanh. */
  readonly softCap: number | null;
  /** Positions a token can see, its own included. */
  readonly window: number | null;
  /** Index into `ropes`; `null`: no rotation. */
  readonly rope: number | null;
}

/** RMS norm of each head, or with `whole` of all heads at once. */
export interface HeadNorm {
  readonly name: string;
  readonly whole: boolean;
}

export type FeedForwardBlock = DenseBlock | ExpertsBlock;

/** x += postNorm(down · (activation(gate · n) ⊙ (up · n))), n = norm(x) */
export interface DenseBlock {
  readonly kind: 'dense';
  readonly norm: string | null;
  /** Rows of gate, then of up: [2·size × hidden]. */
  readonly gateUp: Stacked;
  readonly down: string; // [hidden × size]
  readonly postNorm: string | null;
  readonly size: number;
  readonly activation: Activation;
}

/**
 * Mixture of experts (Shazeer et al. 2017): of each token the `used` experts with the largest logits router · n,
 * n = norm(x), weighted by a softmax over these logits: x += Σ weight · down(gated(gate · n, up · n)).
 */
export interface ExpertsBlock {
  readonly kind: 'experts';
  readonly norm: string | null;
  readonly router: string; // [experts × hidden]
  readonly routerBias: string | null; // [experts]
  /** Rows of one expert's gate, then of its up: [experts × 2·size × hidden]. */
  readonly gateUp: Stacked;
  readonly down: string; // [experts × hidden × size]
  readonly biases: ExpertBiases | null;
  readonly experts: number;
  /** Experts a token uses. */
  readonly used: number;
  readonly size: number;
  readonly activation: GluKind;
}

export interface ExpertBiases {
  readonly gate: string; // [experts × size]
  readonly up: string; // [experts × size]
  readonly down: string; // [experts × hidden]
}

/** Rotary position embedding (Su et al. 2021): pair i turns by position · base^(−i / pairs), scaled. */
export interface Rope {
  readonly pairs: number;
  readonly base: number;
  /** Which elements form a pair: neighbours (2i, 2i + 1), or halves (i, i + pairs). */
  readonly pairing: 'neighbours' | 'halves';
  readonly scaling: RopeScaling;
}

export type RopeScaling =
  | { readonly kind: 'none' }
  /** Positions are divided by `factor`. */
  | { readonly kind: 'linear'; readonly factor: number }
  /** Each pair's frequency is divided by its entry of a tensor [pairs]. */
  | { readonly kind: 'factors'; readonly tensor: string }
  /** The same with one tensor up to the original context, another for longer contexts; `scale` multiplies cos and sin. */
  | {
      readonly kind: 'long';
      readonly short: string;
      readonly long: string;
      readonly originalContext: number;
      readonly scale: number;
    }
  /** YaRN (Peng et al. 2023): high frequencies stay, low ones are divided by `factor`, a ramp between. */
  | {
      readonly kind: 'yarn';
      readonly factor: number;
      readonly originalContext: number;
      readonly betaFast: number;
      readonly betaSlow: number;
      readonly scale: number;
    };
