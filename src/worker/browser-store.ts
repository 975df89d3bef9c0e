import { systemClock as clock } from '../base/system-clock';
import { ModelStore } from '../store/model-store';
import { opfsStorePorts } from '../store/opfs/opfs-store';
import { report } from './settle';

/**
 * The store of this origin, or `null` where the browser keeps nothing for it (some private windows, blocked cookies, sandboxed
 * frames). `persist` asks the page to ask: workers cannot.
 */
export async function openBrowserStore(persist: () => void): Promise<ModelStore | null> {
  try {
    const ports = opfsStorePorts(clock);
    const asking = {
      ...ports.space,
      persist: async (): Promise<boolean> => {
        persist();
        return ports.space.persist();
      },
    };
    // Each of them may be refused.
    await Promise.all([ports.files.list('blobs'), ports.records.keys('parts')]);
    return new ModelStore({ ...ports, space: asking }, { clock, now: Date.now, report });
  } catch (error) {
    report(error);
    return null;
  }
}
