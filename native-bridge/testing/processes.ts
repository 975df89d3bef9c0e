import { readdir, readFile } from 'node:fs/promises';

interface SeenProcess {
  readonly pid: number;
  readonly parent: number;
  readonly group: number;
  readonly command: string;
}

/** The processes of this system that run; those that have ended and that nobody has asked about yet do not. Linux. */
async function processes(): Promise<SeenProcess[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const seen = await Promise.all(pids.map((pid) => look(Number(pid))));
  return seen.filter((each) => each !== null);
}

async function look(pid: number): Promise<SeenProcess | null> {
  try {
    const [stat, command] = await Promise.all([
      readFile(`/proc/${pid}/stat`, 'utf8'),
      readFile(`/proc/${pid}/cmdline`, 'utf8'),
    ]);
    const [state, parent, group] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (state === 'Z' || state === 'X') return null;
    return { pid, parent: Number(parent), group: Number(group), command: command.replaceAll('\0', ' ') };
  } catch {
    return null; // it has ended meanwhile
  }
}

/** Engine processes that `parent` has started. */
export async function enginesOf(parent: number): Promise<number[]> {
  const all = await processes();
  return all.filter((each) => each.parent === parent && each.command.includes('engine-process')).map(({ pid }) => pid);
}

export async function isRunning(pid: number): Promise<boolean> {
  return (await look(pid)) !== null;
}

/** Whoever runs in one of these groups. */
export async function inGroups(groups: readonly number[]): Promise<number[]> {
  return (await processes()).filter(({ group }) => groups.includes(group)).map(({ pid }) => pid);
}
