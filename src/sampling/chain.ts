import { assert } from '../base/assert';
import { tokenId } from '../base/ids';
import { argmax } from './argmax';
import { drawFromCandidates, drawFromVocabulary } from './draw';
import { addLogitBias } from './logit-bias';
import { tokenLogprob } from './logprobs';
import { applyPenalties, hasPenalties } from './penalties';
import { randomUnit } from './random';
import { selectBest } from './top-k';
import type { Candidates, Sampled, SamplingOptions } from './types';

/** How many candidates a device reports in `topk` mode. */
export const DEVICE_CANDIDATES = 64;

/**
 * Turns the logits of one step into a token: logit bias → penalties → top-k → temperature → top-p → min-p → draw.
 * Pure: the answer depends on the options and the arguments alone, and is the same by `sampleTopK` and by `sampleLogits`.
 */
export interface Sampler {
  /** The least that the device must report for this request: its argmax, its best candidates, or all logits. */
  readonly mode: 'argmax' | 'topk' | 'logits';
  /**
   * For mode `topk`: `ids` and `logits` are the device's best candidates, best first, at least `topK` of them or the whole vocabulary.
   * @param tokenIndex index of the token in the answer, from 0
   */
  sampleTopK(ids: Uint32Array, logits: Float32Array, history: readonly number[], tokenIndex: number): Sampled;
  /**
   * For every mode. `logits` is [vocabularySize] and is not changed; `history` is the prompt and the answer so far.
   * Throws `corrupt-model` on NaN.
   */
  sampleLogits(logits: Float32Array, history: readonly number[], tokenIndex: number): Sampled;
}

/** @param deviceCandidates how many candidates the device reports in `topk` mode */
export function createSampler(options: SamplingOptions, deviceCandidates: number = DEVICE_CANDIDATES): Sampler {
  const mode = modeOf(options, deviceCandidates);

  const choose = (candidates: Candidates, tokenIndex: number): number =>
    options.temperature === 0
      ? (candidates.ids[0] ?? 0)
      : drawFromCandidates(candidates, options, randomUnit(options.seed, tokenIndex));

  const chooseFromAll = (logits: Float32Array, tokenIndex: number): number => {
    if (options.temperature === 0) return argmax(logits);
    if (options.topK > 0) return choose(selectBest(logits, options.topK), tokenIndex);
    return drawFromVocabulary(logits, options, randomUnit(options.seed, tokenIndex));
  };

  return {
    mode,
    sampleTopK(ids, logits, _history, tokenIndex) {
      assert(mode === 'topk', 'this request cannot be sampled from the best candidates alone');
      const best = { ids: ids.subarray(0, options.topK), logits: logits.subarray(0, options.topK) };
      return { tokenId: tokenId(choose(best, tokenIndex)) };
    },
    sampleLogits(logits, history, tokenIndex) {
      const chosen = tokenId(chooseFromAll(adjust(logits, history, options), tokenIndex));
      if (options.topLogprobs === null) return { tokenId: chosen };
      return { tokenId: chosen, logprob: tokenLogprob(logits, chosen, options.topLogprobs) };
    },
  };
}

function modeOf(options: SamplingOptions, deviceCandidates: number): Sampler['mode'] {
  if (hasPenalties(options) || options.logitBias.length > 0 || options.topLogprobs !== null) return 'logits';
  if (options.temperature === 0) return 'argmax';
  return options.topK >= 1 && options.topK <= deviceCandidates ? 'topk' : 'logits';
}

/** The logits after logit bias and penalties; the very array where these change nothing. */
function adjust(logits: Float32Array, history: readonly number[], options: SamplingOptions): Float32Array {
  const penalised = hasPenalties(options);
  if (!penalised && options.logitBias.length === 0) return logits;
  const adjusted = logits.slice();
  addLogitBias(adjusted, options.logitBias);
  if (penalised) applyPenalties(adjusted, history, options);
  return adjusted;
}
