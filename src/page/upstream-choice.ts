import type { ModelChoice, Start } from './model-choice';
import { startOf } from './model-choice';

const KEY = 'forgelight-bridge-model';

/** A model of the server that the program on this computer passes requests on to. No link leads to it. */
export function choiceOfUpstream(name: string): ModelChoice {
  return { reference: name, name, local: true, device: 'bridge' };
}

/** The next visit begins with it where it is such a model: what else is chosen is fetched, or found, by its address. */
export function keepChoice(storage: () => Storage, { device, name }: ModelChoice): void {
  try {
    if (device === undefined) storage().removeItem(KEY);
    else storage().setItem(KEY, name);
  } catch {
    // Site data is blocked: the choice lasts as long as the page.
  }
}

/** What the page does when it opens. Its address says it, else the last visit to who is paired. */
export function startHere(pageUrl: URL, storage: () => Storage, isPaired: boolean): Start {
  const start = startOf(pageUrl);
  const kept = isPaired && !pageUrl.searchParams.has('model') ? readKept(storage) : null;
  return kept === null ? start : { ...start, choice: choiceOfUpstream(kept) };
}

function readKept(storage: () => Storage): string | null {
  try {
    return storage().getItem(KEY);
  } catch {
    return null;
  }
}
