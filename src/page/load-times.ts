import type { LoadPhase } from '../client/index';

/** Phases that are shown, in order; `start`: until the engine's worker was there, `other`: what no phase accounts for. */
const SHOWN = ['start', 'probe', 'download', 'verify', 'upload', 'compile', 'warmup'] as const satisfies readonly (
  | LoadPhase
  | 'start'
)[];

export type TimedPhase = (typeof SHOWN)[number] | 'other';

/** Where the time of a load went, from the click until the model could answer. The phases add up to the total. */
export interface LoadTimes {
  readonly totalMs: number;
  readonly phases: readonly { readonly name: TimedPhase; readonly ms: number }[];
}

/**
 * @param elapsedMs from the click, on the page's clock
 * @param loadMs phase → milliseconds, on the clocks of page and worker: they may come to a little more than the page saw, and then count
 */
export function loadTimes(elapsedMs: number, loadMs: Readonly<Record<string, number>>): LoadTimes {
  const phases = SHOWN.flatMap((name) => {
    const ms = loadMs[name];
    return ms === undefined ? [] : [{ name, ms }];
  });
  const told = phases.reduce((sum, { ms }) => sum + ms, 0);
  const totalMs = Math.max(elapsedMs, told);
  return { totalMs, phases: [...phases, { name: 'other', ms: totalMs - told }] };
}
