// What the library is made of, in a script of its own: a page whose visitor only chats never fetches it.
import {
  CATALOGUE,
  checkFit as checkFitOf,
  detectMemoryBudget,
  fitOfSize,
  listHubModels,
  openModelStore,
  rateCatalogue,
  storedModels,
  type FitReport,
  type ModelReference,
} from '../client/index';
import type { FitOptions } from '../client/types';
import type { FitPorts } from './fit-check';
import type { HubPorts } from './hub-list';
import { readPairing } from './kept-pairing';
import type { ModelChoice } from './model-choice';
import { refuseUnsupported } from './read-header';

export { openModelStore, storedModels };
export { saveFile, saveHost } from './save-file';
export { loadRecent, saveRecent } from './handle-database';

/** Asked of whoever would answer: the program on this computer, where this page is paired with it. */
export const checkFit = (model: ModelReference, options: FitOptions): Promise<FitReport> => {
  const pairing = readPairing(() => window.localStorage, Date.now());
  return checkFitOf(model, {
    ...(pairing !== null && { bridgeUrl: pairing.url, bridgeToken: pairing.token }),
    ...options,
  });
};

/** Before another model makes way for this one. Rejects with what a load would fail with, as far as the header tells. */
export async function readHeader(
  { reference, name, sha256, hubToken }: ModelChoice,
  signal: AbortSignal,
): Promise<void> {
  const known = { ...(sha256 === undefined ? {} : { sha256 }), ...(hubToken === undefined ? {} : { hubToken }) };
  refuseUnsupported(await checkFit(reference, { ...known, signal }), name);
}

/** Models that chat, as this page does. */
export const ratedCatalogue: FitPorts['rated'] = async () => {
  const budgetBytes = await detectMemoryBudget();
  const chatting = CATALOGUE.filter(({ purpose }) => purpose === 'chat');
  return { entries: rateCatalogue(budgetBytes, chatting), budgetBytes };
};

/** The models of a repository, marked by what fits. */
export const ratedHubModels: HubPorts['list'] = async (reference, options) => {
  const [models, budgetBytes] = await Promise.all([listHubModels(reference, options), detectMemoryBudget()]);
  return models.map((model) => ({ ...model, fits: fitOfSize(model.sizeBytes, budgetBytes) }));
};
