/** Adds each bias to its token's logit, in place. Ids beyond the vocabulary were refused by validation; here they change nothing. */
export function addLogitBias(
  logits: Float32Array,
  logitBias: readonly (readonly [tokenId: number, bias: number])[],
): void {
  for (const [id, bias] of logitBias) {
    const logit = logits[id];
    if (logit !== undefined) logits[id] = logit + bias;
  }
}
