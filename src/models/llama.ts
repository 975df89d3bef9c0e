import { ForgelightError } from '../base/errors';
import { badGguf } from '../gguf/bad-gguf';
import { architectureKey, getCount, getCountPerLayer, getNumber, getNumbers, getString } from '../gguf/metadata';
import type { GgufFile } from '../gguf/types';
import type { Layer, Network } from './network';

/** Llama and its kin: pre-norm, RoPE on neighbours, grouped-query attention, SwiGLU; the head may be tied to the embedding. */
export function llama(file: GgufFile): Network {
  const { metadata } = file;
  const key = (name: string): string => architectureKey(metadata, name);
  const names = new Set(file.tensors.map((tensor) => tensor.name));
  const layerCount = positive(file, 'block_count', file.tensors.length);
  const hiddenSize = getCount(metadata, key('embedding_length'));
  const heads = getCountPerLayer(metadata, key('attention.head_count'), layerCount);
  const kvHeads = getCountPerLayer(metadata, key('attention.head_count_kv'), layerCount, heads);
  const sizes = getCountPerLayer(metadata, key('feed_forward_length'), layerCount);
  const headSize = getCount(metadata, key('attention.key_length'), hiddenSize / (heads[0] ?? 1));
  const valueSize = getCount(metadata, key('attention.value_length'), headSize);
  const rotated = getCount(metadata, key('rope.dimension_count'), headSize);
  refuseWhatIsMissing(file, names, { headSize, valueSize, rotated });

  const layers = Array.from({ length: layerCount }, (_, i): Layer => {
    const tensor = (name: string): string => `blk.${i}.${name}.weight`;
    return {
      attention: {
        norm: tensor('attn_norm'),
        query: tensor('attn_q'),
        key: tensor('attn_k'),
        value: tensor('attn_v'),
        output: tensor('attn_output'),
        heads: heads[i] ?? 0,
        kvHeads: kvHeads[i] ?? 0,
        headSize,
        scale: 1 / Math.sqrt(headSize),
        rope: 0,
      },
      feedForward: {
        norm: tensor('ffn_norm'),
        gate: tensor('ffn_gate'),
        up: tensor('ffn_up'),
        down: tensor('ffn_down'),
        size: sizes[i] ?? 0,
      },
    };
  });
  return {
    hiddenSize,
    vocabularySize: vocabularySize(file),
    contextLength: positive(file, 'context_length'),
    normEpsilon: getNumber(metadata, key('attention.layer_norm_rms_epsilon')),
    embedding: 'token_embd.weight',
    embeddingScale: 1,
    layers,
    outputNorm: 'output_norm.weight',
    head: names.has('output.weight') ? 'output.weight' : 'token_embd.weight',
    ropes: [
      {
        pairs: rotated / 2,
        base: getNumber(metadata, key('rope.freq_base'), 10_000),
        pairing: 'neighbours',
      },
    ],
  };
}

/** A count that is above 0 in every model, and at most `most`: each layer has a tensor, so their number is bounded. */
function positive({ metadata }: GgufFile, name: string, most = Infinity): number {
  const key = architectureKey(metadata, name);
  const value = getCount(metadata, key);
  if (value >= 1 && value <= most) return value;
  const reason = value < 1 ? 'it must be at least 1' : `the file has only ${most} tensors`;
  throw badGguf(`${key} is ${value}, but ${reason}`, 'metadata');
}

/** The rows of the embedding are the vocabulary: the metadata's count may be absent or larger. */
function vocabularySize(file: GgufFile): number {
  const embedding = file.tensors.find((tensor) => tensor.name === 'token_embd.weight');
  return embedding?.shape[1] ?? 0;
}

/** Sizes within a head. */
interface HeadSizes {
  readonly headSize: number;
  readonly valueSize: number;
  /** Elements that RoPE turns, two a pair. */
  readonly rotated: number;
}

/** Members of the family that need what is not built yet get the reason by name, never a wrong answer. */
function refuseWhatIsMissing(file: GgufFile, names: ReadonlySet<string>, head: HeadSizes): void {
  const { metadata } = file;
  const key = (name: string): string => architectureKey(metadata, name);
  const scaling = getString(metadata, key('rope.scaling.type'), 'none');
  const scales = ['embedding_scale', 'residual_scale', 'attention.scale', 'logit_scale'].filter((name) =>
    metadata.has(key(name)),
  );
  const reasons = [
    names.has('rope_freqs.weight') && 'RoPE frequency factors (rope_freqs.weight)',
    scaling !== 'none' && `RoPE scaling "${scaling}"`,
    getCount(metadata, key('expert_count'), 0) > 0 && 'mixture of experts',
    [...names].some((name) => /^blk\.\d+\..*\.bias$/.test(name)) && 'biases in its layers',
    head.headSize !== head.valueSize && 'values of another size than keys',
    // The kernel turns two pairs at a time.
    (head.rotated > head.headSize || head.rotated % 4 !== 0) &&
      `RoPE over ${head.rotated} of ${head.headSize} elements of a head`,
    scales.length > 0 && `the multipliers ${scales.join(', ')}`,
    getNumbers(metadata, key('rope.dimension_sections'), null) !== null && 'RoPE sections',
  ].filter((reason) => reason !== false);
  if (reasons.length === 0) return;
  throw new ForgelightError(
    'unsupported-architecture',
    `This model of the llama family uses ${reasons.join(' and ')}, which Forgelight cannot compute yet. Choose another model.`,
  );
}
