import type { AppRoot } from './app-root';
import { parseShareLink } from './share-link';

/**
 * Asks the person for what the page's address asks for, now and when it changes. The address keeps that until the answer, so that the page
 * can be loaded anew before; afterwards going back, or loading the page anew, does not ask again.
 */
export function followShareLinks(root: AppRoot): void {
  const ask = (): void => void (root.asked = parseShareLink(window.location.hash));
  const forget = (): void => {
    const { pathname, search } = window.location;
    window.history.replaceState(null, '', pathname + search);
  };
  ask();
  window.addEventListener('hashchange', ask);
  root.addEventListener('shared-taken', forget);
  root.addEventListener('shared-declined', forget);
}
