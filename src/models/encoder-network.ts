import type { Activation } from '../kernels/linear';
import type { Pooling } from '../kernels/pool';
import type { AttentionBlock, Rope, Stacked } from './network';

/**
 * An encoder that makes one vector of a whole text: what an architecture file reads from the metadata, and all that its
 * plan builder needs. Norms are layer norms behind the blocks: x = norm(x + block(x)).
 */
export interface EncoderNetwork {
  readonly kind: 'encoder';
  readonly hiddenSize: number;
  readonly vocabularySize: number;
  /** Tokens the model was trained for. */
  readonly contextLength: number;
  readonly normEpsilon: number;
  /** [vocabulary × hidden] */
  readonly embedding: string;
  /** Learned positions, [contextLength × hidden]. */
  readonly positions: string | null;
  /** Kinds of sentences, of which every token has the first: [rows × hidden]. */
  readonly types: { readonly name: string; readonly rows: number } | null;
  readonly embeddingNorm: LayerNorm;
  readonly layers: readonly EncoderLayer[];
  /** The one cos/sin table; `null`: no rotation. */
  readonly rope: Rope | null;
  readonly pooling: Pooling;
}

export interface EncoderLayer {
  readonly attention: Pick<AttentionBlock, 'heads' | 'kvHeads' | 'headSize'>;
  /** Rows of queries, keys, values, in this order. */
  readonly qkv: Affine;
  readonly output: Affine;
  readonly attentionNorm: LayerNorm;
  /** Up, or with a gate the rows of gate, then of up. */
  readonly inner: Affine;
  readonly isGated: boolean;
  readonly activation: Activation;
  readonly down: Affine;
  readonly size: number;
  readonly outputNorm: LayerNorm;
}

/** W·x + b */
export interface Affine {
  readonly matrix: Stacked;
  readonly columns: number;
  /** Biases of the parts of `matrix`; empty: none. */
  readonly biases: readonly string[];
}

export interface LayerNorm {
  readonly weight: string;
  readonly bias: string;
}
