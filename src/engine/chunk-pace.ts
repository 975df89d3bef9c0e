import type { RunnerLimits } from './runner';

/** What a prefill step should take: a page's frames, other requests' tokens and a cancel come in between. */
const STEP_MS = 100;
/** Steps grow and shrink in whole blocks of the KV cache, mostly. */
const STEP_TOKENS = 16;

type ChunkLimits = Pick<RunnerLimits, 'minChunkTokens' | 'maxChunkTokens'>;

/**
 * How many prompt tokens a prefill step takes: as many as the device computes in about `STEP_MS`. It begins with the fewest, because
 * nobody knows how slow the device is. Answers do not depend on it: a row has the same bits in any chunk. Owned by the actor.
 */
export class ChunkPace {
  #wanted = 0;

  /** A prefill step of `rows` took `ms`. What is left of a prompt after its whole chunks says little, and is not told. */
  note(rows: number, ms: number): void {
    if (rows < this.#wanted) return;
    const inTime = (rows * STEP_MS) / Math.max(ms, 1);
    this.#wanted = Math.min(Math.floor(inTime / STEP_TOKENS) * STEP_TOKENS, 2 * Math.max(rows, STEP_TOKENS));
  }

  /** Within what the model takes. */
  tokens({ minChunkTokens: least, maxChunkTokens: most }: ChunkLimits): number {
    this.#wanted = Math.max(least, Math.min(this.#wanted, most));
    return this.#wanted;
  }
}
