import type { GluKind } from '../kernels/linear';
import type { Keys } from './keys';
import type { ExpertsBlock } from './network';

/** How a mixture of experts differs from Mixtral's: softmax routing, SwiGLU. */
export interface ExpertTraits {
  /** The key of an expert's size. */
  readonly sizeKey: 'feed_forward_length' | 'expert_feed_forward_length';
  /** The router and the experts have biases. */
  readonly biases?: boolean;
  readonly activation?: GluKind;
}

/** Values of `expert_gating_func`: not stated, softmax, softmax over the chosen. They are the same; see shaders/ops/route.wgsl. */
const SOFTMAX = [0, 1, 3];

/** Reads the metadata; gives the block of each layer, whose norm has the name that `norm` gives. */
export function expertsBlocks(
  keys: Keys,
  layers: number,
  traits: ExpertTraits,
  norm: (layer: number) => string | null,
): (layer: number) => ExpertsBlock {
  const sizes = keys.countPerLayer(traits.sizeKey, layers);
  const experts = keys.positive('expert_count');
  const used = keys.count('expert_used_count');
  return (layer) => {
    const size = sizes[layer] ?? 0;
    const tensor = (name: string, part = 'weight'): string => `blk.${layer}.${name}.${part}`;
    const bias = (name: string): string => tensor(name, 'bias');
    const hasBiases = traits.biases === true;
    return {
      kind: 'experts',
      norm: norm(layer),
      router: tensor('ffn_gate_inp'),
      routerBias: hasBiases ? bias('ffn_gate_inp') : null,
      gateUp: ['ffn_gate_exps', 'ffn_up_exps'].map((name) => ({ name: tensor(name), rows: size })),
      down: tensor('ffn_down_exps'),
      biases: hasBiases ? { gate: bias('ffn_gate_exps'), up: bias('ffn_up_exps'), down: bias('ffn_down_exps') } : null,
      experts,
      used,
      size,
      activation: traits.activation ?? 'silu',
    };
  };
}

/**
 * What such a model may have and is not built, as words for its refusal. llama.cpp passes over some of these keys in the
 * architectures that use this; a file that states them means something else than both would compute.
 */
export function missingForExperts(keys: Keys, names: ReadonlySet<string>): readonly string[] {
  const above = (most: number, ...counts: string[]): boolean => counts.some((name) => keys.count(name, 0) > most);
  return [
    above(0, 'expert_shared_count', 'expert_shared_feed_forward_length') && 'shared experts',
    above(1, 'expert_group_count') && 'groups of experts',
    (above(0, 'leading_dense_block_count') || above(1, 'moe_every_n_layers', 'interleave_moe_layer_step')) &&
      'dense layers between those of experts',
    !SOFTMAX.includes(keys.count('expert_gating_func', 0)) && 'routing without softmax',
    !keys.boolean('expert_weights_norm', true) && 'weights of experts that are not normalised',
    ![0, 1].includes(keys.number('expert_weights_scale', 1)) && 'scaled weights of experts',
    names.has('blk.0.ffn_gate.0.weight') && 'a tensor for each expert',
    names.has('blk.0.ffn_gate_up_exps.weight') && 'gate and up of the experts in one tensor',
  ].filter((reason) => reason !== false);
}
