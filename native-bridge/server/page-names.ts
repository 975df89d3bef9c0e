import { ForgelightError } from '../../src/base/errors';
import { isEngineBackend, type AskOptions, type Backend } from './backend';

/**
 * Pages name models of this computer by their hash, or none: files and addresses are none of their business. Throws `invalid-request`. What an
 * upstream calls its models is what everybody calls them. What is no text at all is for whoever reads the body.
 */
export function checkPageName(name: unknown, asks: AskOptions['asks'], backend: Backend): void {
  if (asks !== 'page' || typeof name !== 'string' || !isEngineBackend(backend)) return;
  if (/^sha256:[0-9a-f]{64}$/i.test(name)) return;
  throw new ForgelightError(
    'invalid-request',
    'A page names a model as "sha256:" and 64 digits, or leaves it out for the one that is loaded. GET /v1/models has them.',
    { param: 'model' },
  );
}
