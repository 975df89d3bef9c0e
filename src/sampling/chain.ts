import { assert } from '../base/assert';
import { tokenId } from '../base/ids';
import { argmax } from './argmax';
import { type Draw, drawFromCandidates, drawFromVocabulary } from './draw';
import { addLogitBias } from './logit-bias';
import { tokenLogprob } from './logprobs';
import { applyPenalties, hasPenalties, type Penalties, penaltiesAt } from './penalties';
import { randomUnit } from './random';
import { selectBest } from './top-k';
import type { Sampled, SamplingOptions } from './types';

/** What a device can do by itself. */
export interface DeviceSampling {
  /** How many candidates it draws from at most. */
  readonly topK: number;
}

/**
 * Turns the logits of one step into a token: logit bias → penalties → top-k → temperature → top-p → min-p → draw.
 * Pure: the answer depends on the options and the arguments alone. A device that draws by itself does it in the same order.
 */
export interface Sampler {
  /** What the device does for this request: takes the best token, draws one itself, or reports all logits. */
  readonly mode: 'argmax' | 'sample' | 'logits';
  /**
   * For mode `sample`: what the device draws with.
   * @param tokenIndex index of the token in the answer, from 0
   */
  draw(tokenIndex: number): Draw;
  /**
   * For modes `argmax` and `sample`: what the device penalises for the token behind `position`; `null`: nothing.
   */
  penalties(position: number): Penalties | null;
  /**
   * For every mode. `logits` is [vocabularySize] and is not changed; `history` is the prompt and the answer so far.
   * Throws `corrupt-model` on NaN.
   */
  sampleLogits(logits: Float32Array, history: readonly number[], tokenIndex: number): Sampled;
}

export function createSampler(options: SamplingOptions, device: DeviceSampling): Sampler {
  const mode = modeOf(options, device);

  const chooseFromAll = (logits: Float32Array, tokenIndex: number): number => {
    if (options.temperature === 0) return argmax(logits);
    const unit = randomUnit(options.seed, tokenIndex);
    if (options.topK > 0) return drawFromCandidates(selectBest(logits, options.topK), options, unit);
    return drawFromVocabulary(logits, options, unit);
  };

  return {
    mode,
    draw(tokenIndex) {
      assert(mode === 'sample', 'this request is not drawn on the device');
      const { temperature, topK, topP, minP, seed } = options;
      return { temperature, topK, topP, minP, unit: randomUnit(seed, tokenIndex) };
    },
    penalties: (position) => penaltiesAt(position, options),
    sampleLogits(logits, history, tokenIndex) {
      const chosen = tokenId(chooseFromAll(adjust(logits, history, options), tokenIndex));
      if (options.topLogprobs === null) return { tokenId: chosen };
      return { tokenId: chosen, logprob: tokenLogprob(logits, chosen, options.topLogprobs) };
    },
  };
}

function modeOf(options: SamplingOptions, device: DeviceSampling): Sampler['mode'] {
  if (options.logitBias.length > 0 || options.topLogprobs !== null) return 'logits';
  if (options.temperature === 0) return 'argmax';
  return options.topK >= 1 && options.topK <= device.topK ? 'sample' : 'logits';
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
