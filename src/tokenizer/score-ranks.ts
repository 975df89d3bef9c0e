import { badMetadata, numbersAt, type Metadata } from './metadata';

/**
 * By id: the place of a token's score (`tokenizer.ggml.scores`) among all different ones, 0 for the best. Without the list all are
 * equal.
 */
export function readScoreRanks(metadata: Metadata, length: number): Int32Array {
  const listed = numbersAt(metadata, 'tokenizer.ggml.scores', length);
  if (listed === null) return new Int32Array(length);
  const scores = Float32Array.from(listed);
  const descending = scores.slice().sort().reverse();
  if (Number.isNaN(descending[0])) throw badMetadata('tokenizer.ggml.scores', 'holds what is no number');
  const rankOf = new Map<number, number>();
  for (const score of descending) if (!rankOf.has(score)) rankOf.set(score, rankOf.size);
  return Int32Array.from(scores, (score) => rankOf.get(score) ?? 0);
}
