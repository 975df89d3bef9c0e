import { createHash, randomUUID } from 'node:crypto';
import { open, readdir, unlink } from 'node:fs/promises';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../../base/clock';
import type { HeldLock, LockOptions, StoreLocks } from '../store-locks';
import { pause } from '../waiting';
import { makeFolder, unlessMissing } from './durable';
import { lifeOf, startOf, type ProcessMark } from './processes';

const POLL_MS = 40;
/** Whoever stands still with a wish of its own is not waited for longer. */
const LOOKS = 200;
const NEVER = new AbortController().signal;

/** One process's wish for a lock: all of it is in the name of a file, which is made and removed, and never written to. */
interface Claim extends ProcessMark {
  readonly file: string;
  readonly mode: LockOptions['mode'];
  readonly isHeld: boolean;
  readonly id: string;
}

/**
 * Locks between processes: whoever wants one lays down a file of its own, then looks who else is there. Of two, the later one
 * sees the other. Files of dead processes count for nothing; no name is ever used again, so anybody may remove them.
 */
export class NodeLocks implements StoreLocks {
  private started: Promise<string> | null = null;

  constructor(
    private readonly root: string,
    private readonly clock: Clock,
    /** Gives numbers from 0 to below 1. */
    private readonly random: () => number,
  ) {}

  async acquire(name: string, { mode, signal }: LockOptions): Promise<HeldLock> {
    for (;;) {
      signal.throwIfAborted();
      const lock = await this.tryAcquire(name, mode);
      if (lock !== null) {
        if (!signal.aborted) return lock;
        lock.release();
        continue;
      }
      await pause(this.clock, POLL_MS * (0.5 + this.random()), signal);
    }
  }

  async tryAcquire(name: string, mode: LockOptions['mode']): Promise<HeldLock | null> {
    const folder = join(this.root, 'locks', createHash('sha256').update(name).digest('hex').slice(0, 32));
    await makeFolder(folder);
    const id = randomUUID();
    const started = (this.started ??= startOf(process.pid));
    const own = { mode, pid: process.pid, started: await started, id };
    const wish = fileName({ ...own, isHeld: false });
    const held = fileName({ ...own, isHeld: true });
    await lay(join(folder, wish));
    try {
      if (await this.isFirst(folder, id, mode)) {
        await lay(join(folder, held));
        return heldLock([join(folder, held), join(folder, wish)]);
      }
    } catch (error) {
      await unlessMissing(unlink(join(folder, wish)));
      throw error;
    }
    await unlessMissing(unlink(join(folder, wish)));
    return null;
  }

  /** Whether nobody has the lock, and of those who want it now this is the first; waits until those behind know. */
  private async isFirst(folder: string, id: string, mode: LockOptions['mode']): Promise<boolean> {
    for (let look = 0; look < LOOKS; look += 1) {
      const others = (await liveClaims(folder)).filter(
        (claim) => claim.id !== id && (mode === 'exclusive' || claim.mode === 'exclusive'),
      );
      if (others.length === 0) return true;
      if (others.some((claim) => claim.isHeld || claim.id < id)) return false;
      await pause(this.clock, 1, NEVER);
    }
    return false;
  }
}

function heldLock(paths: readonly string[]): HeldLock {
  let isHeld = true;
  return {
    release() {
      if (!isHeld) return;
      isHeld = false;
      for (const path of paths) rmSync(path, { force: true });
    },
  };
}

async function liveClaims(folder: string): Promise<Claim[]> {
  const live: Claim[] = [];
  for (const file of await readdir(folder)) {
    const claim = claimOf(file);
    if (claim === null) continue;
    if ((await lifeOf(claim)) !== 'gone') live.push(claim);
    else await unlessMissing(unlink(join(folder, file)));
  }
  return live;
}

async function lay(path: string): Promise<void> {
  const handle = await open(path, 'wx');
  await handle.close();
}

function fileName({ mode, isHeld, pid, started, id }: Omit<Claim, 'file'>): string {
  return [mode, isHeld ? 'held' : 'wish', pid, started, id].join('.');
}

function claimOf(file: string): Claim | null {
  const match = /^(exclusive|shared)\.(held|wish)\.(\d+)\.(\d+)\.([0-9a-f-]{36})$/.exec(file);
  if (match === null) return null;
  const [, mode, state, pid, started = '', id = ''] = match;
  return {
    file,
    mode: mode === 'shared' ? 'shared' : 'exclusive',
    isHeld: state === 'held',
    pid: Number(pid),
    started,
    id,
  };
}
