import type { GgufFile } from '../gguf/types';
import type { Activation } from '../kernels/linear';
import { ropeScaling } from './decoder';
import type { Affine, EncoderLayer, EncoderNetwork, LayerNorm } from './encoder-network';
import { Keys } from './keys';
import type { Rope } from './network';
import { poolingOf, unsupported } from './pooling';

/** How an architecture differs from BERT. */
export interface EncoderTraits {
  readonly activation: Activation;
  /** The feed-forward has a gate. */
  readonly isGated: boolean;
  /** How tokens know where they stand: a learned table, or rotated queries and keys. */
  readonly positions: 'learned' | 'rotary';
}

/** Reads an encoder's metadata. Throws `bad-gguf` for what is missing, `unsupported-architecture` for what is not built. */
export function encoder(file: GgufFile, traits: EncoderTraits): EncoderNetwork {
  const keys = new Keys(file);
  const shapes = new Map(file.tensors.map(({ name, shape }) => [name, shape]));
  const layerCount = keys.positive('block_count', file.tensors.length);
  const hiddenSize = keys.count('embedding_length');
  const heads = keys.positive('attention.head_count');
  const sizes: Sizes = {
    hiddenSize,
    heads,
    kvHeads: keys.count('attention.head_count_kv', heads),
    headSize: hiddenSize / heads,
    size: keys.count('feed_forward_length'),
  };
  const pooling = poolingOf(file);
  if (pooling === null) throw unsupported('no pooling, so that it has no vector of a whole text');
  if (keys.boolean('attention.causal', false)) throw unsupported('causal attention in an encoder');
  if (keys.count('expert_count', 0) > 0) throw unsupported('mixture of experts');
  const types = shapes.get('token_types.weight');
  return {
    kind: 'encoder',
    hiddenSize,
    vocabularySize: shapes.get('token_embd.weight')?.[1] ?? 0,
    contextLength: keys.positive('context_length'),
    normEpsilon: keys.number('attention.layer_norm_epsilon'),
    embedding: 'token_embd.weight',
    positions: traits.positions === 'learned' ? 'position_embd.weight' : null,
    types: types === undefined ? null : { name: 'token_types.weight', rows: types[1] ?? 1 },
    embeddingNorm: layerNorm('token_embd_norm'),
    layers: Array.from({ length: layerCount }, (_, i) => encoderLayer(i, sizes, shapes, traits)),
    rope: traits.positions === 'rotary' ? encoderRope(keys, sizes.headSize, shapes) : null,
    pooling,
  };
}

interface Sizes {
  readonly hiddenSize: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly headSize: number;
  readonly size: number;
}

function encoderLayer(
  layer: number,
  { hiddenSize, heads, kvHeads, headSize, size }: Sizes,
  names: Pick<ReadonlyMap<string, unknown>, 'has'>,
  traits: EncoderTraits,
): EncoderLayer {
  const tensor = (name: string): string => `blk.${layer}.${name}`;
  const affine = (columns: number, parts: Readonly<Record<string, number>>): Affine => {
    const biases = Object.keys(parts).map((name) => tensor(`${name}.bias`));
    return {
      matrix: Object.entries(parts).map(([name, rows]) => ({ name: tensor(`${name}.weight`), rows })),
      columns,
      biases: biases.every((name) => names.has(name)) ? biases : [],
    };
  };
  const width = heads * headSize;
  const kvWidth = kvHeads * headSize;
  const isFused = names.has(tensor('attn_qkv.weight'));
  return {
    attention: { heads, kvHeads, headSize },
    qkv: affine(
      hiddenSize,
      isFused ? { attn_qkv: width + 2 * kvWidth } : { attn_q: width, attn_k: kvWidth, attn_v: kvWidth },
    ),
    output: affine(width, { attn_output: hiddenSize }),
    attentionNorm: layerNorm(tensor('attn_output_norm')),
    inner: affine(hiddenSize, traits.isGated ? { ffn_gate: size, ffn_up: size } : { ffn_up: size }),
    isGated: traits.isGated,
    activation: traits.activation,
    down: affine(size, { ffn_down: hiddenSize }),
    size,
    outputNorm: layerNorm(tensor('layer_output_norm')),
  };
}

function layerNorm(name: string): LayerNorm {
  return { weight: `${name}.weight`, bias: `${name}.bias` };
}

function encoderRope(keys: Keys, headSize: number, names: Pick<ReadonlyMap<string, unknown>, 'has'>): Rope {
  const rotated = keys.count('rope.dimension_count', headSize);
  // The kernel turns two pairs at a time.
  if (rotated > headSize || rotated % 4 !== 0)
    throw unsupported(`RoPE over ${rotated} of ${headSize} elements of a head`);
  const base = keys.number('rope.freq_base', 10_000);
  return { pairs: rotated / 2, base, pairing: 'halves', scaling: ropeScaling(keys, names) };
}
