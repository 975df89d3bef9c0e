import { ForgelightError } from '../base/errors';
import type { OpenedModel } from './source';

/**
 * Throws `corrupt-model` where a model that was read to its end is another than `expected`. The store holds a file against its hash as it comes;
 * what several files have together is known at their end alone.
 */
export function requireHash({ fileName, digest }: OpenedModel, expected: string | undefined): void {
  const sha256 = digest?.();
  if (expected === undefined || sha256 === undefined || sha256 === expected) return;
  const message = `${fileName} has the SHA-256 ${sha256}, expected ${expected}: it is another model. Correct the expected hash, or the address.`;
  throw new ForgelightError('corrupt-model', message);
}
