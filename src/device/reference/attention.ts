import { attentionMergeParams, attentionParams, partWord } from '../../kernels/attention';
import { dot } from './dot';
import type { KernelRun } from './kernel-run';
import { KvCacheMemory } from './kv-cache-memory';
import type { Memory } from './memory';

/** Of some positions of a row. */
interface Part {
  readonly sums: Float32Array; // [head size] Σ weight · value
  /** The largest score. */
  readonly top: number;
  /** Σ e^(score − top) */
  readonly weight: number;
}

/** Positions that a row sees, by the ranges they lie in. */
function rangesOf(first: number, end: number, rangeTokens: number): { readonly from: number; readonly to: number }[] {
  const before = Math.floor(first / rangeTokens);
  return Array.from({ length: Math.floor((end - 1) / rangeTokens) - before + 1 }, (_, i) => ({
    from: Math.max(first, (before + i) * rangeTokens),
    to: Math.min(end, (before + i + 1) * rangeTokens),
  }));
}

export function runAttention(run: KernelRun): void {
  const { scale, vPlane, window, softCap, pool, hasSinks, mutual, parts } = attentionParams.decode(run.dispatch.params);
  const group = run.constant('GROUP');
  const cache = new KvCacheMemory(run, vPlane, pool);
  const { kvHeads, headSize } = cache;
  const heads = kvHeads * group;
  const sinks = hasSinks === 1 ? run.memory(3).floats(0, heads) : null;
  const isShared = run.grid[2] > 1;
  for (let row = 0; row < run.rows; row++) {
    const end = mutual === 1 ? run.step.rowCount : run.step.position(row) + 1;
    const ranges = rangesOf(window === 0 ? 0 : Math.max(0, end - window), end, run.constant('RANGE'));
    for (let kvHead = 0; kvHead < kvHeads; kvHead++) {
      const cached = ranges.map(({ from, to }) => ({
        keys: Array.from({ length: to - from }, (_, i) => cache.load('key', row, kvHead, from + i)),
        values: Array.from({ length: to - from }, (_, i) => cache.load('value', row, kvHead, from + i)),
      }));
      for (let head = kvHead * group; head < (kvHead + 1) * group; head++) {
        const at = (row * heads + head) * headSize;
        const query = run.memory(0).floats(at, headSize);
        const found = cached.map(({ keys, values }, range) => {
          const sink = range === 0 ? (sinks?.[head] ?? -Infinity) : -Infinity;
          return attend(query, keys, values, { scale, softCap, sink });
        });
        if (!isShared) run.memory(1).floats(at, headSize).set(joined(found));
        else {
          found.forEach((part, range) =>
            storePart(run.memory(1), partWord({ parts, row, range, head, heads, headSize }), part),
          );
        }
      }
    }
  }
}

/** Scores are capped first where `softCap` is not 0. The sink is a score without a value; −∞: none. */
function attend(
  query: Float32Array,
  keys: Float32Array[],
  values: Float32Array[],
  { scale, softCap, sink }: { scale: number; softCap: number; sink: number },
): Part {
  const scores = keys.map((key) => {
    const score = scale * dot(query, key);
    return softCap === 0 ? score : softCap * Math.tanh(score / softCap);
  });
  // Parts are rounded as where workgroups share a row and store them: one that takes it all gives the same bits.
  const top = Math.fround(scores.reduce((best, score) => Math.max(best, score), sink));
  const sums = new Float64Array(query.length);
  let weight = Math.exp(sink - top);
  values.forEach((value, position) => {
    const own = Math.exp((scores[position] ?? 0) - top);
    weight += own;
    for (let i = 0; i < sums.length; i++) sums[i] = (sums[i] ?? 0) + own * (value[i] ?? 0);
  });
  return { sums: Float32Array.from(sums), top, weight: Math.fround(weight) };
}

/** Softmax over the positions of all parts: Σ e^(score − top) · value ÷ Σ e^(score − top). */
function joined(parts: readonly Part[]): Float64Array {
  const top = parts.reduce((best, part) => Math.max(best, part.top), -Infinity);
  const weight = parts.reduce((sum, part) => sum + part.weight * Math.exp(part.top - top), 0);
  const size = parts[0]?.sums.length ?? 0;
  return Float64Array.from({ length: size }, (_, i) =>
    parts.reduce((sum, part) => sum + ((part.sums[i] ?? 0) / weight) * Math.exp(part.top - top), 0),
  );
}

function storePart(y: Memory, at: number, { sums, top, weight }: Part): void {
  y.floats(at, sums.length + 4).set([...sums, top, weight]);
}

function loadPart(y: Memory, at: number, headSize: number): Part {
  const [top = NaN, weight = NaN] = y.floats(at + headSize, 2);
  return { sums: y.floats(at, headSize), top, weight };
}

export function runAttentionMerge(run: KernelRun): void {
  const { window, parts } = attentionMergeParams.decode(run.dispatch.params);
  const [heads, headSize] = [run.constant('HEADS'), run.constant('HEAD_SIZE')];
  for (let row = 0; row < run.rows; row++) {
    const end = run.step.position(row) + 1;
    const ranges = rangesOf(window === 0 ? 0 : Math.max(0, end - window), end, run.constant('RANGE'));
    for (let head = 0; head < heads; head++) {
      const found = ranges.map((_, range) =>
        loadPart(run.memory(0), partWord({ parts, row, range, head, heads, headSize }), headSize),
      );
      run
        .memory(0)
        .floats((row * heads + head) * headSize, headSize)
        .set(joined(found));
    }
  }
}
