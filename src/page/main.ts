import { systemClock } from '../base/system-clock';
import { createEngine, type BridgePairing } from '../client/index';
import './app-root';
import { browserConversations } from './browser-conversations';
import { browserLibrary } from './browser-library';
import { browserUpdates } from './browser-updates';
import { ChatStore, type StorePorts } from './chat-store';
import { readPairing } from './kept-pairing';
import { TEXT } from './messages';
import { pagePhase } from './page-state';
import { followShareLinks } from './asked-link';
import { startHere } from './upstream-choice';
import { applyTheme, readTheme } from './theme';

const page = document.documentElement;
const reportError = (error: unknown): void => window.reportError(error);
const conversations = browserConversations();
const pairing = (): BridgePairing | null => readPairing(() => window.localStorage, Date.now());
const start = startHere(new URL(window.location.href), () => window.localStorage, pairing() !== null);
const readHeader: StorePorts['readHeader'] = async (choice, signal) =>
  (await import('./library-tools')).readHeader(choice, signal);
const ports = { createEngine, readHeader, clock: systemClock, conversations, pairing, reportError };
const store = new ChatStore(ports, start.choice);
const library = browserLibrary(systemClock, reportError);

applyTheme(
  readTheme(() => window.localStorage),
  page,
);
document.title = TEXT.documentTitle;

/** The page's state in one word, for styles and for tests from outside. */
const showPhase = (): void => {
  page.dataset['state'] = pagePhase(store.state);
};
store.subscribe(showPhase);
showPhase();

const root = document.createElement('app-root');
root.store = store;
root.library = library;
root.updates = browserUpdates();
followShareLinks(root);
document.body.append(root);
window.addEventListener('pageshow', ({ persisted }) => {
  if (!persisted) return;
  void store.comeBack();
  void library.kept.refresh();
});
// A page that is kept for Back keeps no worker.
window.addEventListener('pagehide', () => library.kept.close());
document.addEventListener('visibilitychange', () => {
  // The last moment that a page can count on.
  if (document.visibilityState === 'hidden') store.saveNow();
  else store.lookAgain();
});
// Once the page is there: what it keeps for later takes no time from what it shows first.
window.addEventListener('load', () => void root.updates?.start());
// Before a person has answered to a link nothing is fetched.
if (start.autoload && root.asked.kind === 'none') void store.load(start.choice);
