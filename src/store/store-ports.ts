import type { StoreChannel } from './store-channel';
import type { StoreFiles } from './store-files';
import type { StoreLocks } from './store-locks';
import type { StoreRecords } from './store-records';
import type { StoreSpace } from './store-space';

/** All that a `ModelStore` needs of its host: `opfs/` and `node-fs/` have one each. */
export interface StorePorts {
  readonly files: StoreFiles;
  readonly records: StoreRecords;
  readonly locks: StoreLocks;
  readonly channel: StoreChannel;
  readonly space: StoreSpace;
}
