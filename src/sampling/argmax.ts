import { nanLogits } from './nan';

/** The index of the greatest logit, the lowest one among equals. Throws `corrupt-model` on NaN. `logits` has at least one entry. */
export function argmax(logits: Float32Array): number {
  let best = 0;
  let bestLogit = -Infinity;
  for (let id = 0; id < logits.length; id += 1) {
    const logit = logits[id] ?? NaN;
    if (logit <= bestLogit) continue;
    if (Number.isNaN(logit)) throw nanLogits(id);
    best = id;
    bestLogit = logit;
  }
  return best;
}
