/** What a sampling setting may be. */
export interface SamplingRange {
  readonly min: number;
  readonly max: number;
  /** Whole numbers only. */
  readonly whole: boolean;
  /** Where a request names none; `null`: until the context ends, and a seed that is drawn. */
  readonly initial: number | null;
}

export const MAX_INT32 = 2 ** 31 - 1;

/** By OpenAI's names, and llama.cpp's for what OpenAI lacks: what requests are read by, and what forms can show. */
export const SAMPLING_RANGES = {
  temperature: { min: 0, max: 2, whole: false, initial: 0.8 },
  top_k: { min: 0, max: MAX_INT32, whole: true, initial: 40 },
  top_p: { min: 0, max: 1, whole: false, initial: 0.95 },
  min_p: { min: 0, max: 1, whole: false, initial: 0.05 },
  repeat_penalty: { min: 0.01, max: 100, whole: false, initial: 1 },
  presence_penalty: { min: -2, max: 2, whole: false, initial: 0 },
  frequency_penalty: { min: -2, max: 2, whole: false, initial: 0 },
  max_tokens: { min: 1, max: MAX_INT32, whole: true, initial: null },
  seed: { min: 0, max: 2 ** 32 - 1, whole: true, initial: null },
} as const satisfies Readonly<Record<string, SamplingRange>>;

export type SamplingName = keyof typeof SAMPLING_RANGES;
