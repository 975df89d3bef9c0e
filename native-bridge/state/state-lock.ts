import { systemClock as clock } from '../../src/base/system-clock';
import { makeFolder } from '../../src/store/node-fs/durable';
import { NodeLocks } from '../../src/store/node-fs/node-locks';
import type { HeldLock } from '../../src/store/store-locks';
import { requireWritable } from './writable-folder';

/**
 * Held by whoever reads what the state folder says and writes what follows from it: a command while no daemon runs, and a daemon until its file
 * says that it does. The end of a process lets go of it.
 */
export async function lockState(folder: string, signal: AbortSignal): Promise<HeldLock> {
  await requireWritable(folder, 'FORGELIGHT_STATE', { make: (path) => makeFolder(path, 0o700) });
  return new NodeLocks(folder, clock, Math.random).acquire('state', { mode: 'exclusive', signal });
}
