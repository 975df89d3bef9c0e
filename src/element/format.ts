import { unreachable } from '../base/assert';
import { formatBytes, plainNumber, type NumberWriter } from '../base/units';
import type { LoadProgress } from '../client/index';
import type { Answer } from './chat-types';
import { TEXT } from './messages';

/** `840 ms`, `1.2 s`, `42 s`, `3 min 20 s`, `2 h 5 min`. */
export function formatDuration(durationMs: number, write: NumberWriter = plainNumber): string {
  if (durationMs < 995) return `${Math.round(durationMs)} ms`;
  const seconds = durationMs / 1000;
  if (seconds < 9.95) {
    const tenths = Math.round(seconds * 10);
    return `${write(tenths / 10, tenths % 10 === 0 ? 0 : 1)} s`;
  }
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  const minutes = Math.round(whole / 60);
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** Tokens per second with two or three digits that mean something: `0.93`, `14.2`, `128`. */
export function formatRate(perSecond: number, write: NumberWriter = plainNumber): string {
  if (perSecond < 10) return write(perSecond, 2);
  return perSecond < 100 ? write(perSecond, 1) : String(Math.round(perSecond));
}

/** The phase in words. */
export function phaseText(progress: LoadProgress | null): string {
  if (progress === null) return TEXT.progress.waiting;
  return isKept(progress) ? TEXT.progress.readKept : TEXT.progress[progress.phase];
}

/** Whether all of the bytes come from what the browser keeps. */
export function isKept({ phase, resumed, total }: LoadProgress): boolean {
  return phase === 'download' && total > 0 && resumed >= total;
}

/** How much of the phase is done; `null` where it cannot be told. */
export function percentText(progress: LoadProgress | null): string | null {
  if (progress === null || progress.total <= 0) return null;
  return TEXT.progress.percent(Math.floor((100 * Math.min(progress.loaded, progress.total)) / progress.total));
}

/** How far, how fast, how long yet: only what is known. */
export function progressDetails(progress: LoadProgress, write: NumberWriter = plainNumber): readonly string[] {
  const { loaded, total, bytesPerSecond, etaSeconds, resumed } = progress;
  const text = TEXT.progress;
  const bytes = (sizeBytes: number): string => formatBytes(sizeBytes, write);
  if (!countsBytes(progress)) return total > 0 ? [text.steps(loaded, total)] : [];
  const details = [total > 0 ? text.bytes(bytes(loaded), bytes(total)) : text.bytesSoFar(bytes(loaded))];
  if (bytesPerSecond > 0) details.push(text.speed(bytes(Math.round(bytesPerSecond))));
  if (etaSeconds !== null) details.push(text.eta(formatDuration(Math.max(1, Math.round(etaSeconds)) * 1000, write)));
  if (resumed > 0) details.push(text.resumed(bytes(resumed)));
  return details;
}

function countsBytes({ phase }: LoadProgress): boolean {
  switch (phase) {
    case 'download':
    case 'verify':
    case 'upload':
      return true;
    case 'probe':
    case 'compile':
    case 'warmup':
    case 'ready':
      return false;
    default:
      return unreachable(phase);
  }
}

/** The line under an answer. Only what was measured: an answer that was stopped has no final timings. What wrote it comes last. */
export function answerDetails(answer: Answer, write: NumberWriter = plainNumber): readonly string[] {
  const { status, firstTokenMs, devices = [] } = answer;
  const text = TEXT.chat;
  const places = devices.map(({ kind, name }) => (kind === 'webgpu' ? text.here(name) : text.on(name)));
  const where = places.length === 0 ? [] : [places.join(text.next)];
  const first = firstTokenMs === null ? [] : [text.firstToken(formatDuration(firstTokenMs, write))];
  if (status.kind === 'stopped') return [text.stopped, ...first, ...where];
  if (status.kind !== 'finished') return [];
  const cut = status.reason === 'length' ? [text.lengthReached] : [];
  const { timings } = status;
  if (timings === null) return [...cut, ...first, ...where];
  return [
    ...cut,
    ...(timings.predicted_per_second > 0 ? [text.rate(formatRate(timings.predicted_per_second, write))] : []),
    ...first,
    text.answerTokens(timings.predicted_n),
    ...where,
  ];
}

/** All that was measured of an answer, as terms and values; none before its end, nor of one that was stopped. */
export function answerFigures({ status, firstTokenMs }: Answer): readonly (readonly [string, string])[] {
  if (status.kind !== 'finished' || status.timings === null) return [];
  const text = TEXT.chat.figure;
  const { prompt_n, prompt_ms, prompt_per_second, predicted_n, predicted_ms, predicted_per_second, cache_n } =
    status.timings;
  const pace = (count: number, ms: number, perSecond: number): string =>
    [
      TEXT.chat.answerTokens(count),
      text.in(formatDuration(ms)),
      ...(perSecond > 0 ? [text.rate(formatRate(perSecond))] : []),
    ].join('');
  return [
    [text.read, pace(prompt_n, prompt_ms, prompt_per_second)],
    ...(cache_n > 0 ? [[text.remembered, TEXT.chat.answerTokens(cache_n)] as const] : []),
    ...(firstTokenMs === null ? [] : [[text.first, formatDuration(firstTokenMs)] as const]),
    [text.written, pace(predicted_n, predicted_ms, predicted_per_second)],
  ];
}

/** A rate needs so many pieces before it says anything. */
const LEAST_PIECES = 5;

/** Tokens per second of an answer that is being written, about; `null` where it is too early to tell. */
export function liveRate({ status }: Answer): string | null {
  if (status.kind !== 'writing' || status.pace === undefined) return null;
  const { pieces, spanMs } = status.pace;
  return pieces < LEAST_PIECES || spanMs <= 0 ? null : formatRate((1000 * (pieces - 1)) / spanMs);
}
