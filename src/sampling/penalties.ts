import type { SamplingOptions } from './types';

export type PenaltyOptions = Pick<
  SamplingOptions,
  'repeatPenalty' | 'repeatLastN' | 'presencePenalty' | 'frequencyPenalty'
>;

/** Whether the penalties can change any logit. */
export function hasPenalties(options: PenaltyOptions): boolean {
  return (
    options.repeatLastN > 0 &&
    (options.repeatPenalty !== 1 || options.presencePenalty !== 0 || options.frequencyPenalty !== 0)
  );
}

/**
 * Penalises, in place, the tokens among the last `repeatLastN` of `history`, as llama.cpp does: the repeat penalty divides a
 * positive logit and multiplies any other, then the presence penalty is taken off once and the frequency penalty once per occurrence.
 */
export function applyPenalties(logits: Float32Array, history: readonly number[], options: PenaltyOptions): void {
  for (const [id, count] of countRecent(history, options.repeatLastN)) {
    const logit = logits[id];
    if (logit === undefined) continue;
    const repeated = logit > 0 ? logit / options.repeatPenalty : logit * options.repeatPenalty;
    logits[id] = repeated - options.presencePenalty - count * options.frequencyPenalty;
  }
}

/** Token id → how often it is among the last `length` tokens. */
function countRecent(history: readonly number[], length: number): Map<number, number> {
  const counts = new Map<number, number>();
  for (let i = Math.max(0, history.length - length); i < history.length; i += 1) {
    const id = history[i] ?? -1;
    counts.set(id, (counts.get(id) ?? 0) + 1);
  }
  return counts;
}
