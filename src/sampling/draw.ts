import { argmax } from './argmax';
import { minPSize } from './min-p';
import { sumOf, weigh } from './temperature';
import { nucleusSize } from './top-p';
import { selectBest } from './top-k';
import type { Candidates } from './types';

/** What is left of the options where top-k and the adjustments are done. `temperature` is above 0. */
export interface DrawOptions {
  readonly temperature: number;
  readonly topP: number;
  readonly minP: number;
}

/** One draw, as a device can do it by itself. */
export interface Draw extends DrawOptions {
  /** At least 1. */
  readonly topK: number;
  /** The random number in [0, 1). */
  readonly unit: number;
}

/** How many candidates to sort at first where top-k sets no limit, and how much the number grows when they are too few. */
const FIRST_PREFIX = 256;
const PREFIX_GROWTH = 8;

/** The token id that `unit` in [0, 1) picks among the candidates that top-p and min-p leave. */
export function drawFromCandidates({ ids, logits }: Candidates, options: DrawOptions, unit: number): number {
  const weights = weigh(logits, logits[0] ?? 0, options.temperature);
  const kept = keptSize(weights, options, sumOf(weights));
  return ids[pick(weights.subarray(0, kept), unit)] ?? 0;
}

/** The same over a whole vocabulary: the best are sorted only as far as top-p and min-p reach, and not at all where nothing is cut. */
export function drawFromVocabulary(logits: Float32Array, options: DrawOptions, unit: number): number {
  const best = logits[argmax(logits)] ?? 0;
  const all = weigh(logits, best, options.temperature);
  if (options.topP >= 1 && options.minP <= 0) return pick(all, unit);
  const total = sumOf(all);
  for (let size = FIRST_PREFIX; ; size *= PREFIX_GROWTH) {
    const prefix = selectBest(logits, size);
    const weights = weigh(prefix.logits, best, options.temperature);
    const kept = keptSize(weights, options, total);
    if (kept < size || size >= logits.length) return prefix.ids[pick(weights.subarray(0, kept), unit)] ?? 0;
  }
}

function keptSize(weights: Float64Array, options: DrawOptions, totalWeight: number): number {
  return Math.min(nucleusSize(weights, options.topP, totalWeight), minPSize(weights, options.minP));
}

/** The index that `unit` falls on when each has a share of [0, 1) in proportion to its weight. */
function pick(weights: Float64Array, unit: number): number {
  const target = unit * sumOf(weights);
  let sum = 0;
  let last = 0;
  for (let i = 0; i < weights.length; i += 1) {
    const share = weights[i] ?? 0;
    if (share === 0) continue;
    sum += share;
    last = i;
    if (sum > target) return i;
  }
  return last; // the rounding of unit × sum reached the end
}
