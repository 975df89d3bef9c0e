/** As an upstream tells how long an answer took it. */
export const BENCH_TIMINGS = {
  prompt_n: 250,
  prompt_ms: 500,
  prompt_per_second: 500,
  predicted_n: 64,
  predicted_ms: 2_000,
  predicted_per_second: 32,
} as const;
