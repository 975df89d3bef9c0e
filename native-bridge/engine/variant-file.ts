import { readFile } from 'node:fs/promises';
import { writeWhole, unlessMissing } from '../../src/store/node-fs/durable';
import type { VariantCache } from '../../src/models/choose-variants';

/**
 * Kernel choices kept in one file. Losing it costs a new self-test and probe, so what cannot be read or written is reported, and the load goes
 * on. Of two processes that write at once the later one wins: neither is ever half there.
 */
export function createVariantFile(path: string, report: (error: unknown) => void): VariantCache {
  async function read(): Promise<Record<string, unknown>> {
    const text = await unlessMissing(readFile(path, 'utf8'));
    const kept: unknown = text === null ? {} : JSON.parse(text);
    return typeof kept === 'object' && kept !== null ? { ...kept } : {};
  }
  return {
    get: async (key) => {
      try {
        return (await read())[key] ?? null;
      } catch (error) {
        report(error);
        return null;
      }
    },
    set: async (key, variants) => {
      try {
        const others = await read().catch(() => ({})); // damaged: it begins anew
        await writeWhole(path, `${JSON.stringify({ ...others, [key]: variants }, null, 2)}\n`);
      } catch (error) {
        report(error);
      }
    },
  };
}
