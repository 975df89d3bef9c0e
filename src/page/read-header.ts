import { ForgelightError } from '../base/errors';
import type { FitReport } from '../client/index';

/**
 * What a model's header tells against loading it: `unsupported-architecture` or `unsupported-quantisation`. How much memory there is
 * nobody knows for certain, so what seems too big is tried.
 */
export function refuseUnsupported({ verdict, code, reason }: FitReport): void {
  if (verdict === 'unsupported') throw new ForgelightError(code ?? 'unsupported-architecture', reason);
}
