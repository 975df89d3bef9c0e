/**
 * Nucleus sampling (Holtzman et al., 2019): how many of the leading candidates reach the share `topP` of `totalWeight`; at least 1.
 * All of them where the share is not reached. `weights` are unnormalised and descending; `totalWeight` may cover more than them.
 */
export function nucleusSize(weights: Float64Array, topP: number, totalWeight: number): number {
  if (topP >= 1) return weights.length; // not a sum that may miss 1 by rounding
  const wanted = topP * totalWeight;
  let sum = 0;
  for (let i = 0; i < weights.length; i += 1) {
    sum += weights[i] ?? 0;
    if (sum >= wanted) return i + 1;
  }
  return weights.length;
}
