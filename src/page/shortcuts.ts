import { TEXT } from './messages';

export type ShortcutId = keyof typeof TEXT.shortcuts.does;

/** What the page is run on, as far as keys are concerned. */
export type Platform = 'mac' | 'other';

/** Keys besides the one that is pressed. `page`: those for this page's own shortcuts; `command`: Ctrl, or Command. */
type Modifier = 'page' | 'command' | 'none';

export interface Shortcut {
  readonly id: ShortcutId;
  readonly modifier: Modifier;
  /** As `KeyboardEvent.key` has it; letters in lower case. */
  readonly key: string;
  /** Holding the keys down goes on doing it. */
  readonly repeats?: boolean;
}

/**
 * All shortcuts: the handler and the sheet are made of this. None is a character alone (WCAG 2.1.4), none is what browsers or screen readers
 * keep for themselves: Ctrl and Command with letters are browsers', Ctrl+Alt
 * types characters on many keyboards, Option does on a Mac, and Control with arrows moves its windows.
 */
export const SHORTCUTS: readonly Shortcut[] = [
  { id: 'new-chat', modifier: 'page', key: 'n' },
  { id: 'search', modifier: 'page', key: 'f' },
  { id: 'previous', modifier: 'page', key: 'k', repeats: true },
  { id: 'next', modifier: 'page', key: 'j', repeats: true },
  { id: 'sidebar', modifier: 'page', key: 'b' },
  { id: 'composer', modifier: 'page', key: 'm' },
  { id: 'stop', modifier: 'none', key: 'Escape' },
  { id: 'regenerate', modifier: 'page', key: 'r' },
  { id: 'copy', modifier: 'page', key: 'c' },
  { id: 'settings', modifier: 'page', key: 's' },
  { id: 'model', modifier: 'page', key: 'o' },
  { id: 'help', modifier: 'command', key: '/' },
];

/** What is read of a `KeyboardEvent`. */
export type PressedKeys = Pick<
  KeyboardEvent,
  'key' | 'code' | 'ctrlKey' | 'metaKey' | 'altKey' | 'shiftKey' | 'repeat' | 'isComposing' | 'defaultPrevented'
>;

/** The shortcut that was pressed; `null`: the keys are somebody else's. */
export function shortcutOf(pressed: PressedKeys, platform: Platform): ShortcutId | null {
  // While an input method composes a word, all keys belong to it.
  if (pressed.isComposing || pressed.defaultPrevented) return null;
  const key = keyOf(pressed);
  const found = SHORTCUTS.find((shortcut) => shortcut.key === key && isHeld(shortcut.modifier, pressed, platform));
  if (found === undefined || (pressed.repeat && found.repeats !== true)) return null;
  return found.id;
}

/** The keys in words, in the order in which they are pressed: `Alt`, `Shift`, `N`. */
export function keysOf({ modifier, key }: Shortcut, platform: Platform): readonly string[] {
  const names = TEXT.shortcuts.keys;
  const held = {
    page: platform === 'mac' ? [names.control, names.shift] : [names.alt, names.shift],
    command: platform === 'mac' ? [names.command] : [names.ctrl],
    none: [],
  }[modifier];
  return [...held, key === 'Escape' ? names.escape : key.toUpperCase()];
}

/** @param name `navigator.platform` */
export function platformOf(name: string): Platform {
  return /mac|iphone|ipad/i.test(name) ? 'mac' : 'other';
}

/** Keyboards without Latin letters have them where their users know them to be. */
function keyOf({ key, code }: PressedKeys): string {
  const [, letter] = /^Key([A-Z])$/.exec(code) ?? [];
  const isLatin = /^[a-z]$/i.test(key);
  if (isLatin) return key.toLowerCase();
  return letter !== undefined && key.length === 1 ? letter.toLowerCase() : key;
}

function isHeld(modifier: Modifier, held: PressedKeys, platform: Platform): boolean {
  const { ctrlKey, metaKey, altKey, shiftKey } = held;
  const isMac = platform === 'mac';
  switch (modifier) {
    case 'none':
      return !ctrlKey && !metaKey && !altKey && !shiftKey;
    case 'command':
      // Where the slash is on another key's upper half, Shift is part of it.
      return !altKey && (isMac ? metaKey && !ctrlKey : ctrlKey && !metaKey);
    case 'page':
      return shiftKey && !metaKey && (isMac ? ctrlKey && !altKey : altKey && !ctrlKey);
  }
}
