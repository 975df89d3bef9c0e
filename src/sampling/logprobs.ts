import { tokenId, type TokenId } from '../base/ids';
import { argmax } from './argmax';
import { selectBest } from './top-k';
import type { TokenLogprob } from './types';

/** Log-softmax at temperature 1 of the raw logits over the whole vocabulary: for `chosen`, and for the `topCount` best. */
export function tokenLogprob(logits: Float32Array, chosen: TokenId, topCount: number): TokenLogprob {
  const normaliser = logSumExp(logits);
  const logprobOf = (logit: number): number => logit - normaliser;
  const best = selectBest(logits, topCount);
  return {
    tokenId: chosen,
    logprob: logprobOf(logits[chosen] ?? NaN),
    top: Array.from(best.ids, (id, rank) => ({ tokenId: tokenId(id), logprob: logprobOf(best.logits[rank] ?? NaN) })),
  };
}

/** log Σ exp(logit), with the greatest taken out first so that nothing overflows. */
function logSumExp(logits: Float32Array): number {
  const max = logits[argmax(logits)] ?? NaN;
  let sum = 0;
  for (let id = 0; id < logits.length; id += 1) sum += Math.exp((logits[id] ?? NaN) - max);
  return max + Math.log(sum);
}
