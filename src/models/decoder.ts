import { ForgelightError } from '../base/errors';
import type { GgufFile } from '../gguf/types';
import type { Activation } from '../kernels/linear';
import type { Pooling } from '../kernels/pool';
import { expertsBlocks, missingForExperts, type ExpertTraits } from './experts';
import { Keys } from './keys';
import type {
  AttentionBlock,
  DenseBlock,
  FeedForwardBlock,
  Layer,
  Network,
  Rope,
  RopeScaling,
  Stacked,
} from './network';
import { poolingOf } from './pooling';

/** How an architecture differs from the plain decoder: pre-norm, RoPE, grouped-query attention, gated feed-forward. */
export interface DecoderTraits {
  readonly pairing: Rope['pairing'];
  readonly activation?: Activation;
  /** Norms of queries and keys: of each head, or of all heads at once. */
  readonly headNorms?: 'each' | 'whole';
  /** Norms before the blocks; default true. */
  readonly preNorms?: boolean;
  /** The tensor of the norm before the feed-forward block, where it is not `ffn_norm`. */
  readonly feedForwardNorm?: string;
  /** Norms of what the blocks give, by the names of their tensors. */
  readonly postNorms?: { readonly attention: string; readonly feedForward: string };
  /** Q, K and V in one tensor, and gate above up in `ffn_up`. */
  readonly fused?: boolean;
  /** A mixture of experts in place of the dense feed-forward blocks. */
  readonly experts?: ExpertTraits;
  /** The softmax of the scores has a sink in each head. */
  readonly sinks?: boolean;
  /** What attention gives has a bias. */
  readonly outputBias?: boolean;
  readonly window?: (layer: number) => number | null;
  readonly rope?: (layer: number) => number | null;
  /** Tables besides the first, which the metadata describes. */
  readonly otherRopes?: (first: Rope) => readonly Rope[];
  readonly scale?: number;
  readonly softCap?: number | null;
  /** The architecture reads the keys of MULTIPLIERS. */
  readonly multipliers?: boolean;
  readonly network?: Partial<Pick<Network, 'embeddingScale' | 'logitScale' | 'logitSoftCap' | 'residualScale'>>;
}

/** Granite's; in a file of another architecture they would change the answer unseen. */
const MULTIPLIERS = ['embedding_scale', 'residual_scale', 'attention.scale', 'logit_scale'] as const;

/** Reads a decoder's metadata. Throws `bad-gguf` for what is missing, `unsupported-architecture` for what is not built. */
export function decoder(file: GgufFile, traits: DecoderTraits): Network {
  const keys = new Keys(file);
  const names = new Set(file.tensors.map((tensor) => tensor.name));
  const layerCount = keys.positive('block_count', file.tensors.length);
  const hiddenSize = keys.count('embedding_length');
  const heads = keys.countPerLayer('attention.head_count', layerCount);
  const kvHeads = keys.countPerLayer('attention.head_count_kv', layerCount, heads);
  const headSize = keys.count('attention.key_length', hiddenSize / (heads[0] ?? 1));
  const rotated = keys.count('rope.dimension_count', headSize);
  const pooling = poolingOf(file);
  refuseWhatIsMissing(keys, names, { headSize, rotated, pooling }, traits);

  const rope: Rope = {
    pairs: rotated / 2,
    base: keys.number('rope.freq_base', 10_000),
    pairing: traits.pairing,
    scaling: ropeScaling(keys, names),
  };
  const feedForward = feedForwardBlocks(keys, layerCount, traits);
  const layers = Array.from({ length: layerCount }, (_, i): Layer => ({
    attention: attentionBlock(i, { heads: heads[i] ?? 0, kvHeads: kvHeads[i] ?? 0, headSize }, names, traits),
    feedForward: feedForward(i),
  }));
  return {
    kind: 'decoder',
    pooling: pooling === 'last' ? pooling : null,
    hiddenSize,
    vocabularySize: vocabularySize(file),
    contextLength: keys.positive('context_length'),
    normEpsilon: keys.number('attention.layer_norm_rms_epsilon'),
    embedding: 'token_embd.weight',
    embeddingScale: 1,
    layers,
    outputNorm: 'output_norm.weight',
    head: names.has('output.weight') && pooling === null ? 'output.weight' : 'token_embd.weight',
    logitScale: 1,
    logitSoftCap: null,
    residualScale: 1,
    ropes: [rope, ...(traits.otherRopes?.(rope) ?? [])],
    ...traits.network,
  };
}

function attentionBlock(
  layer: number,
  shape: Pick<AttentionBlock, 'heads' | 'kvHeads' | 'headSize'>,
  names: ReadonlySet<string>,
  traits: DecoderTraits,
): AttentionBlock {
  const tensor = (name: string): string => `blk.${layer}.${name}.weight`;
  const { heads, kvHeads, headSize } = shape;
  const width = heads * headSize;
  const kvWidth = kvHeads * headSize;
  const parts = traits.fused === true ? ['attn_qkv'] : ['attn_q', 'attn_k', 'attn_v'];
  const rows = traits.fused === true ? [width + 2 * kvWidth] : [width, kvWidth, kvWidth];
  const qkv: Stacked = parts.map((name, i) => ({ name: tensor(name), rows: rows[i] ?? 0 }));
  const biases = parts.map((name) => `blk.${layer}.${name}.bias`);
  const headNorm = (name: string): AttentionBlock['queryNorm'] =>
    traits.headNorms === undefined ? null : { name: tensor(name), whole: traits.headNorms === 'whole' };
  return {
    ...shape,
    norm: traits.preNorms === false ? null : tensor('attn_norm'),
    qkv,
    qkvBias: biases.every((name) => names.has(name)) ? biases : null,
    queryNorm: headNorm('attn_q_norm'),
    keyNorm: headNorm('attn_k_norm'),
    sinks: traits.sinks === true ? tensor('attn_sinks') : null,
    output: tensor('attn_output'),
    outputBias: traits.outputBias === true ? `blk.${layer}.attn_output.bias` : null,
    postNorm: traits.postNorms === undefined ? null : tensor(traits.postNorms.attention),
    scale: traits.scale ?? 1 / Math.sqrt(headSize),
    softCap: traits.softCap ?? null,
    window: traits.window?.(layer) ?? null,
    rope: traits.rope === undefined ? 0 : traits.rope(layer),
  };
}

/** The feed-forward block of each layer. */
function feedForwardBlocks(keys: Keys, layers: number, traits: DecoderTraits): (layer: number) => FeedForwardBlock {
  const norm = (layer: number): string | null =>
    traits.preNorms === false ? null : `blk.${layer}.${traits.feedForwardNorm ?? 'ffn_norm'}.weight`;
  if (traits.experts !== undefined) return expertsBlocks(keys, layers, traits.experts, norm);
  const sizes = keys.countPerLayer('feed_forward_length', layers);
  return (layer) => ({ ...denseBlock(layer, sizes[layer] ?? 0, traits), norm: norm(layer) });
}

function denseBlock(layer: number, size: number, traits: DecoderTraits): Omit<DenseBlock, 'norm'> {
  const tensor = (name: string): string => `blk.${layer}.${name}.weight`;
  const parts = ['ffn_gate', 'ffn_up'].map((name) => ({ name: tensor(name), rows: size }));
  return {
    kind: 'dense',
    gateUp: traits.fused === true ? [{ name: tensor('ffn_up'), rows: 2 * size }] : parts,
    down: tensor('ffn_down'),
    postNorm: traits.postNorms === undefined ? null : tensor(traits.postNorms.feedForward),
    size,
    activation: traits.activation ?? 'silu',
  };
}

/** The rows of the embedding are the vocabulary: the metadata's count may be absent or larger. */
function vocabularySize(file: GgufFile): number {
  return file.tensors.find((tensor) => tensor.name === 'token_embd.weight')?.shape[1] ?? 0;
}

/** Keys as llama.cpp writes and reads them. */
export function ropeScaling(keys: Keys, names: Pick<ReadonlySet<string>, 'has'>): RopeScaling {
  const originalContext = keys.count('rope.scaling.original_context_length', keys.count('context_length'));
  const scale = keys.number('rope.scaling.attn_factor', 1);
  if (names.has('rope_factors_long.weight')) {
    const [short, long] = ['rope_factors_short.weight', 'rope_factors_long.weight'];
    return { kind: 'long', short, long, originalContext, scale };
  }
  if (names.has('rope_freqs.weight')) return { kind: 'factors', tensor: 'rope_freqs.weight' };
  const kind = keys.text('rope.scaling.type', 'linear'); // llama.cpp's default: older files state a factor only
  const factor = keys.number('rope.scaling.factor', keys.number('rope.scale_linear', 1));
  if (kind === 'yarn') {
    const betaFast = keys.number('rope.scaling.yarn_beta_fast', 32);
    const betaSlow = keys.number('rope.scaling.yarn_beta_slow', 1);
    return { kind, factor, originalContext, betaFast, betaSlow, scale };
  }
  if (kind === 'linear' && factor !== 1 && factor !== 0) return { kind, factor };
  if (kind === 'linear' || kind === 'none') return { kind: 'none' };
  throw new ForgelightError(
    'unsupported-architecture',
    `This model scales its positions by "${kind}", which Forgelight cannot compute yet. Choose another model.`,
  );
}

/** What changes the answer without showing in the tensors. */
function refuseWhatIsMissing(
  keys: Keys,
  names: ReadonlySet<string>,
  { headSize, rotated, pooling }: { headSize: number; rotated: number; pooling: Pooling | null },
  traits: DecoderTraits,
): void {
  const unread = traits.multipliers === true ? [] : MULTIPLIERS.filter((name) => keys.has(name));
  const reasons = [
    traits.experts === undefined && keys.count('expert_count', 0) > 0 && 'mixture of experts',
    ...(traits.experts === undefined ? [] : missingForExperts(keys, names)),
    keys.count('attention.value_length', headSize) !== headSize && 'values of another size than keys',
    // The kernel turns two pairs at a time.
    (rotated > headSize || rotated % 4 !== 0) && `RoPE over ${rotated} of ${headSize} elements of a head`,
    keys.has('rope.dimension_sections') && 'RoPE sections',
    !keys.boolean('attention.causal', true) && 'attention that is not causal in a decoder',
    (pooling === 'mean' || pooling === 'first') && `pooling by the ${pooling} in a decoder`,
    unread.length > 0 && `the multipliers ${unread.join(', ')}`,
  ].filter((reason) => reason !== false);
  if (reasons.length === 0) return;
  throw new ForgelightError(
    'unsupported-architecture',
    `This model uses ${reasons.join(' and ')}, which Forgelight cannot compute yet. Choose another model.`,
  );
}
