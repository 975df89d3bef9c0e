import type { Clock } from '../../base/clock';
import type { StorePorts } from '../store-ports';
import { NodeFiles } from './node-files';
import { NodeLocks } from './node-locks';
import { NodeRecords } from './node-records';

export interface NodeStoreOptions {
  readonly clock: Clock;
  /** Gives numbers from 0 to below 1: waits between looks at a lock are jittered. */
  readonly random: () => number;
}

/** A store in a folder, for several processes of one machine; it is made when something is first written. */
export function nodeStorePorts(folder: string, { clock, random }: NodeStoreOptions): StorePorts {
  return {
    files: new NodeFiles(folder),
    records: new NodeRecords(folder),
    locks: new NodeLocks(folder, clock, random),
    // Nobody watches: who waits for a download waits for its lock.
    channel: { post: () => undefined, listen: () => () => undefined },
    // A disk keeps what is on it; how much else there is, is not this store's to know.
    space: { persist: () => Promise.resolve(true), usageBytes: () => Promise.resolve(null) },
  };
}
