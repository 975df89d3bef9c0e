import { unreachable } from '../base/assert';
import type { Rope, RopeScaling } from './network';

/** Values of a small tensor that the host needs, [pairs]. */
export type HostTensor = (name: string) => Float32Array;

/** Names of the tensors that tables may need, [pairs] each. */
export function ropeTensors(scaling: RopeScaling): readonly string[] {
  if (scaling.kind === 'factors') return [scaling.tensor];
  return scaling.kind === 'long' ? [scaling.short, scaling.long] : [];
}

/** The file's rule (as llama.cpp has it): the context decides, not the prompt, so that a prefix never changes. */
export function longTensor(scaling: Extract<RopeScaling, { kind: 'long' }>, contextLength: number): string {
  return contextLength > scaling.originalContext ? scaling.long : scaling.short;
}

/**
 * cos and sin of each pair at a position, [pairs × 2], computed in f64 on the host: WGSL promises the precision of sin
 * and cos near zero only, and every device then rotates by the same numbers. Tensors are read at the first use.
 */
export function ropeTable(rope: Rope, contextLength: number, tensor: HostTensor): (position: number) => Float32Array {
  let frequencies: Float64Array | null = null;
  const scale = magnitude(rope.scaling);
  return (position) => {
    frequencies ??= ropeFrequencies(rope, contextLength, tensor);
    const table = new Float32Array(rope.pairs * 2);
    frequencies.forEach((frequency, i) => {
      table[2 * i] = Math.cos(position * frequency) * scale;
      table[2 * i + 1] = Math.sin(position * frequency) * scale;
    });
    return table;
  };
}

/** Radians a position, of each pair. */
function ropeFrequencies(rope: Rope, contextLength: number, tensor: HostTensor): Float64Array {
  const { pairs, base, scaling } = rope;
  const plain = Float64Array.from({ length: pairs }, (_, i) => base ** (-i / pairs));
  switch (scaling.kind) {
    case 'none':
      return plain;
    case 'linear':
      return plain.map((frequency) => frequency / scaling.factor);
    case 'factors':
    case 'long': {
      const factors = tensor(scaling.kind === 'long' ? longTensor(scaling, contextLength) : scaling.tensor);
      return plain.map((frequency, i) => frequency / (factors[i] ?? 1));
    }
    case 'yarn':
      return yarnFrequencies(plain, base, scaling);
    default:
      return unreachable(scaling);
  }
}

/** Pairs that turn more than `betaFast` times within the original context stay; below `betaSlow` they are stretched. */
function yarnFrequencies(
  plain: Float64Array,
  base: number,
  scaling: Extract<RopeScaling, { kind: 'yarn' }>,
): Float64Array {
  const dimensions = plain.length * 2;
  const pairThatTurns = (turns: number): number =>
    (dimensions * Math.log(scaling.originalContext / (turns * 2 * Math.PI))) / (2 * Math.log(base));
  const low = Math.max(0, Math.floor(pairThatTurns(scaling.betaFast)));
  const high = Math.min(dimensions - 1, Math.ceil(pairThatTurns(scaling.betaSlow)));
  return plain.map((frequency, i) => {
    const kept = 1 - Math.min(1, Math.max(0, (i - low) / Math.max(0.001, high - low)));
    return (frequency / scaling.factor) * (1 - kept) + frequency * kept;
  });
}

/** What cos and sin are multiplied with. */
function magnitude(scaling: RopeScaling): number {
  if (scaling.kind === 'yarn') return scaling.scale * (1 + 0.1 * Math.log(scaling.factor));
  return scaling.kind === 'long' ? scaling.scale : 1;
}
