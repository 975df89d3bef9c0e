import { assert } from '../base/assert';
import { nanLogits } from './nan';
import type { Candidates } from './types';

/** Ids must fit beside a 32-bit sort key in the 53 bits of a double. */
const ID_RANGE = 2 ** 21;

const floatView = new Float32Array(1);
const bitsView = new Uint32Array(floatView.buffer);

/**
 * The `count` best of a vocabulary, best first, among equals the lowest id first.
 *
 * One pass: a buffer of twice `count` sort keys is filled with what beats the worst of the best so far, and cut back to `count`
 * whenever it is full. Ids come in ascending order, so an equal logit that comes later never displaces an earlier one.
 * Throws `corrupt-model` on NaN.
 */
export function selectBest(logits: Float32Array, count: number): Candidates {
  assert(logits.length <= ID_RANGE, 'a vocabulary has at most 2^21 tokens');
  const kept = Math.min(count, logits.length);
  if (kept === 0) return { ids: new Uint32Array(0), logits: new Float32Array(0) };
  const keys = new Float64Array(Math.min(2 * kept, logits.length));
  let used = 0;
  let worst = NaN; // compares false with everything: until the first cut, all are taken
  for (let id = 0; id < logits.length; id += 1) {
    const logit = logits[id] ?? NaN;
    if (logit <= worst) continue;
    if (Number.isNaN(logit)) throw nanLogits(id);
    if (used === keys.length) {
      keys.sort();
      used = kept;
      worst = logits[idOf(keys[kept - 1] ?? 0)] ?? NaN;
      if (logit <= worst) continue;
    }
    keys[used] = sortKey(logit, id);
    used += 1;
  }
  return candidatesOf(logits, keys.subarray(0, used).sort().subarray(0, kept));
}

function candidatesOf(logits: Float32Array, keys: Float64Array): Candidates {
  const ids = new Uint32Array(keys.length);
  const best = new Float32Array(keys.length);
  for (let rank = 0; rank < keys.length; rank += 1) {
    const id = idOf(keys[rank] ?? 0);
    ids[rank] = id;
    best[rank] = logits[id] ?? NaN;
  }
  return { ids, logits: best };
}

/** One number whose ascending order is: greater logit first, then lower id. */
function sortKey(logit: number, id: number): number {
  floatView[0] = logit + 0; // -0 and 0 are equal
  const bits = bitsView[0] ?? 0;
  const descending = bits >= 0x80000000 ? bits : 0x7fffffff - bits;
  return descending * ID_RANGE + id;
}

function idOf(key: number): number {
  return key - Math.floor(key / ID_RANGE) * ID_RANGE;
}
