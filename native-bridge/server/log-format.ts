import type { LogEntry } from './log-ring';

export type LogFormat = (entry: LogEntry) => string | null;

/** Lines for programs: JSON, each with its time. `now`: as of `Date`. */
export function jsonLines(now: () => number, isVerbose: boolean): LogFormat {
  return (entry) => {
    if (entry.level === 'debug' && !isVerbose) return null;
    return printableJson({ time: new Date(now()).toISOString(), ...entry });
  };
}

/** Lines for people: time of day, what happened, details as name=value. */
export function plainLines(now: () => number, isVerbose: boolean): LogFormat {
  return ({ level, event, message, ...details }) => {
    if (level === 'debug' && !isVerbose) return null;
    const time = new Date(now()).toTimeString().slice(0, 8);
    const rest = Object.entries(details).flatMap(([name, value]) =>
      value === undefined || value === null ? [] : [`${name}=${printable(String(value))}`],
    );
    const mark = level === 'warn' || level === 'error' ? `${level}: ` : '';
    const said = message === undefined || message === null ? event : String(message);
    return `${time} ${mark}${[printable(said), ...rest].join(' ')}`;
  };
}

/** A name that a client chose must not move the terminal's cursor. */
export function printable(text: string): string {
  return text.replace(/[\x00-\x1f\x7f-\x9f]/g, '\ufffd');
}

/** The same of text that may have several lines. Each character for itself, so that a piece of a longer text may be given too. */
export function printableLines(text: string): string {
  return text.replace(/[\x00-\x08\x0b-\x1f\x7f-\x9f]/g, '\ufffd');
}

/** JSON in one line that moves no cursor either, and says all the same: `stringify` leaves some control characters as they are. */
export function printableJson(value: unknown): string {
  return JSON.stringify(value).replace(/[\x7f-\x9f]/g, (char) => `\\u00${char.charCodeAt(0).toString(16)}`);
}
