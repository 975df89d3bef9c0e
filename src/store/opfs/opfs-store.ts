import type { Clock } from '../../base/clock';
import type { StorePorts } from '../store-ports';
import { IndexedRecords } from './indexed-records';
import { OpfsFiles } from './opfs-files';
import { WebLocks } from './web-locks';

const FOLDER = 'forgelight-models';
const DATABASE = 'forgelight-models';
const CHANNEL = 'forgelight-models';

/**
 * The origin's store, the same for all its tabs and workers. Models are fetched in dedicated workers only, where files can be
 * written; everything else works in a page too.
 */
export function opfsStorePorts(clock: Clock): StorePorts {
  const { storage, locks } = navigator;
  const root = async (): Promise<FileSystemDirectoryHandle> =>
    (await storage.getDirectory()).getDirectoryHandle(FOLDER, { create: true });
  const channel = new BroadcastChannel(CHANNEL);
  return {
    files: new OpfsFiles(root, clock),
    records: new IndexedRecords(indexedDB, DATABASE),
    locks: new WebLocks(locks),
    channel: {
      post: (message) => channel.postMessage(message),
      listen(listener) {
        const onMessage = ({ data }: MessageEvent<unknown>): void => listener(data);
        channel.addEventListener('message', onMessage);
        return () => channel.removeEventListener('message', onMessage);
      },
    },
    space: {
      // Workers have no `persist`: there it is a page's to ask.
      persist: () => ('persist' in storage ? storage.persist() : storagePersisted(storage)),
      usageBytes: async () => (await storage.estimate()).usage ?? null,
    },
  };
}

function storagePersisted(storage: Pick<StorageManager, 'persisted'>): Promise<boolean> {
  return storage.persisted();
}
