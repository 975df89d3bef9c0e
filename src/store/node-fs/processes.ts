import { readFile } from 'node:fs/promises';
import { unlessMissing } from './durable';

/** One process for all times: its number alone is another's later. */
export interface ProcessMark {
  readonly pid: number;
  /** When it began, in the system's own units; `0` where the system does not tell. */
  readonly started: string;
}

/** When a process began, as its mark says it. */
export async function startOf(pid: number): Promise<string> {
  return (await statOf(pid))?.start ?? '0';
}

/** Whether it lives; `unknown` where a process has its number, and the system does not tell whether it is this one. */
export async function lifeOf({ pid, started }: ProcessMark): Promise<'lives' | 'gone' | 'unknown'> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it is there, and somebody else's.
    if (error instanceof Error && 'code' in error && error.code === 'ESRCH') return 'gone';
  }
  const stat = await statOf(pid);
  if (stat === null) return 'unknown'; // there is nothing more to be known
  // Dead, and nobody has asked how it ended: in a container nobody may.
  if (stat.state === 'Z' || stat.state === 'X') return 'gone';
  if (started === '0') return 'unknown';
  return stat.start === started ? 'lives' : 'gone';
}

/** What the system tells of a process (Linux): its state, and in clock ticks since the system's start when it began; `null` elsewhere. */
async function statOf(pid: number): Promise<{ readonly state: string; readonly start: string } | null> {
  const text = await unlessMissing(readFile(`/proc/${pid}/stat`, 'utf8'));
  if (text === null) return null;
  // The second field, in brackets, may hold anything.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return { state: fields[0] ?? '', start: fields[19] ?? '' };
}
