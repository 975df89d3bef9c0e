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

/** What a device penalises by itself: the last tokens of the text that it has, of which a row's own is the last. */
export interface Penalties {
  readonly repeat: number;
  readonly presence: number;
  readonly frequency: number;
  /** How many tokens: `repeatLastN`, or all where there are fewer. */
  readonly tokens: number;
}

/** Of the token behind `position`; `null` where nothing is penalised. */
export function penaltiesAt(position: number, options: PenaltyOptions): Penalties | null {
  if (!hasPenalties(options)) return null;
  const { repeatPenalty: repeat, presencePenalty: presence, frequencyPenalty: frequency } = options;
  return { repeat, presence, frequency, tokens: Math.min(options.repeatLastN, position + 1) };
}

/**
 * Penalises, in place, the tokens among the last `repeatLastN` of `history`, as llama.cpp does: the repeat penalty divides a
 * positive logit and multiplies any other, then the presence penalty is taken off once and the frequency penalty once per occurrence.
 * In f32 throughout, and by the inverse where it divides: as a GPU does it, whose division is not exact.
 */
export function applyPenalties(logits: Float32Array, history: readonly number[], options: PenaltyOptions): void {
  const [repeat, inverse] = [Math.fround(options.repeatPenalty), Math.fround(1 / options.repeatPenalty)];
  const [presence, frequency] = [Math.fround(options.presencePenalty), Math.fround(options.frequencyPenalty)];
  for (const [id, count] of countRecent(history, options.repeatLastN)) {
    const logit = logits[id];
    if (logit === undefined) continue;
    const repeated = Math.fround(logit * (logit > 0 ? inverse : repeat));
    logits[id] = repeated - Math.fround(presence + Math.fround(count * frequency));
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
