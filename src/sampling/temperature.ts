/**
 * Unnormalised probabilities at `temperature` > 0, relative to the greatest logit: exp((logit − best) / temperature), so the best has 1.
 * Equal to the best means 1 even at ±infinity, and the division comes after the subtraction: a tiny temperature cannot overflow.
 */
export function weigh(logits: Float32Array, best: number, temperature: number): Float64Array {
  const weights = new Float64Array(logits.length);
  for (let i = 0; i < logits.length; i += 1) {
    const logit = logits[i] ?? NaN;
    weights[i] = logit === best ? 1 : Math.exp((logit - best) / temperature);
  }
  return weights;
}

/** The sum of all, in their order: what makes two sums over equal weights equal. */
export function sumOf(weights: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < weights.length; i += 1) sum += weights[i] ?? 0;
  return sum;
}
