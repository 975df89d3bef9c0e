import type { LoadProgress } from '../client/index';
import { isKept } from '../element/format';
import type { TimedPhase } from './load-times';
import { TEXT } from './messages';

export { answerDetails, formatDuration, formatRate, isKept, percentText, progressDetails } from '../element/format';

/** The time of day as people here write it, to the minute. `atMs`: as `Date` counts. */
export function formatTime(atMs: number): string {
  return new Date(atMs).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });
}

/** The day as people here write it. `atMs`: milliseconds since 1970. */
export function formatDay(atMs: number): string {
  return new Date(atMs).toLocaleDateString([], { dateStyle: 'medium' });
}

/** The phase in words. `local`: the bytes come from this computer. */
export function phaseText(progress: LoadProgress | null, local: boolean): string {
  if (progress === null) return TEXT.progress.waiting;
  const { phase } = progress;
  if (isKept(progress)) return TEXT.progress.readKept;
  return phase === 'download' && local ? TEXT.progress.readLocal : TEXT.progress[phase];
}

/** A phase of a load that is over, in words. */
export function timedPhaseText(phase: TimedPhase, local: boolean): string {
  if (phase === 'start' || phase === 'other') return TEXT.model.times[phase];
  return phase === 'download' && local ? TEXT.progress.readLocal : TEXT.progress[phase];
}
