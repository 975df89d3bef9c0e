import { systemClock } from '../base/system-clock';
import { createEngine } from '../client/index';
import './app-root';
import { ChatStore } from './chat-store';
import { TEXT } from './messages';
import { startOf } from './model-choice';
import { pagePhase } from './page-state';
import { applyTheme, readTheme } from './theme';

const page = document.documentElement;
const start = startOf(new URL(window.location.href));
const store = new ChatStore(
  { createEngine, clock: systemClock, reportError: (error) => window.reportError(error) },
  start.choice,
);

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
document.body.append(root);
window.addEventListener('pageshow', ({ persisted }) => {
  if (persisted) void store.comeBack();
});
if (start.autoload) void store.load(start.choice);
