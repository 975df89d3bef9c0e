/** About what `yardstickMs` gives on the machine that limits of time were set on (two cores of an EPYC): 3.3 to 4.8 were seen there. */
const REFERENCE_MS = 3.4;
const MOST = 2;

/** The same piece of work on every machine, the quickest of many: what the machine can do, not what else it did. Runs in a page: uses nothing around it. */
export function yardstickMs(): number {
  let bestMs = Infinity;
  for (let round = 0; round < 40; round += 1) {
    const startMs = performance.now();
    Float64Array.from({ length: 20_000 }, (_, n) => Math.sin(n * 1e3)).sort();
    bestMs = Math.min(bestMs, performance.now() - startMs);
  }
  return bestMs;
}

/** `limitMs`, longer on a machine that is slower than the reference, though never by more than this. */
export function limitOn(measuredMs: number, limitMs: number): number {
  return limitMs * Math.min(MOST, Math.max(1, measuredMs / REFERENCE_MS));
}
