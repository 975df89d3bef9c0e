import { ForgelightError } from '../base/errors';
import type { FitReport } from '../client/index';
import { requireChat } from '../element/chat-engine';

/**
 * What a model's header tells against loading it: `unsupported-architecture`, `unsupported-quantisation`, or that it makes embeddings. How much memory there is
 * nobody knows for certain, so what seems too big is tried.
 */
export function refuseUnsupported({ verdict, code, reason, purpose }: FitReport, name: string): void {
  if (verdict === 'unsupported') throw new ForgelightError(code ?? 'unsupported-architecture', reason);
  requireChat({ name, ...(purpose && { purpose }) });
}
