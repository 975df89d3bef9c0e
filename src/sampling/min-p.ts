/**
 * Min-p sampling (Nguyen et al., 2024): how many of the leading candidates have at least `minP` times the probability of the best;
 * at least 1, as the best always does. `weights` are descending and relative to the best (the first is 1).
 */
export function minPSize(weights: Float64Array, minP: number): number {
  const end = weights.findIndex((weight) => weight < minP);
  return end === -1 ? weights.length : end;
}
