import { createStore, get, set } from 'idb-keyval';
import type { KernelVariants, VariantCache } from '../models/probe';

/**
 * Kernel choices kept in IndexedDB. A browser that refuses storage (private windows, blocked cookies) only loses the
 * memory of the probe, so failures are reported and the load goes on.
 */
export function createVariantCache(report: (error: unknown) => void): VariantCache {
  const store = createStore('forgelight-variants', 'variants');
  return {
    async get(key) {
      try {
        return (await get<KernelVariants>(key, store)) ?? null;
      } catch (error) {
        report(error);
        return null;
      }
    },
    async set(key, variants) {
      try {
        await set(key, variants, store);
      } catch (error) {
        report(error);
      }
    },
  };
}
