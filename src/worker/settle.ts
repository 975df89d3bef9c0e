import { errorToData, ForgelightError } from '../base/errors';
import type { Result } from '../protocol/engine-port';

/** What nobody waits for goes to the console: the page's developer is the only one left to tell. */
export const report = (error: unknown): void => console.error('forgelight:', error);

/** Comlink loses the class of what is thrown: errors cross as data. */
export async function settle<T>(work: () => T | Promise<T>): Promise<Result<T>> {
  try {
    return { ok: true, value: await work() };
  } catch (error) {
    if (!(error instanceof ForgelightError)) report(error);
    return { ok: false, error: errorToData(error, 'closed') };
  }
}
