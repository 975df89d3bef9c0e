/** The page's colours: the system's, or what the person chose. Kept in localStorage, shown as `data-theme` on the root element. */
export type Theme = 'system' | 'light' | 'dark';

const KEY = 'forgelight-theme';
const NEXT: Readonly<Record<Theme, Theme>> = { system: 'light', light: 'dark', dark: 'system' };

/** The part of `Storage` that is used. Browsers that block site data throw on every access. */
export type ThemeStorage = Pick<Storage, 'getItem' | 'setItem'>;

export function nextTheme(theme: Theme): Theme {
  return NEXT[theme];
}

export function readTheme(storage: () => ThemeStorage): Theme {
  const kept = attempt(() => storage().getItem(KEY));
  return kept === 'light' || kept === 'dark' ? kept : 'system';
}

export function applyTheme(theme: Theme, root: HTMLElement): void {
  if (theme === 'system') delete root.dataset['theme'];
  else root.dataset['theme'] = theme;
}

export function keepTheme(theme: Theme, storage: () => ThemeStorage): void {
  attempt(() => storage().setItem(KEY, theme));
}

/** Where site data is blocked, the choice lasts as long as the page: nothing to tell the person. */
function attempt<T>(access: () => T): T | null {
  try {
    return access();
  } catch (error) {
    if (error instanceof DOMException) return null;
    throw error;
  }
}
