import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TEXT } from './messages';
import { keysOf, platformOf, SHORTCUTS, shortcutOf, type PressedKeys } from './shortcuts';

const press = (about: Partial<PressedKeys>): PressedKeys => ({
  key: '',
  code: '',
  ctrlKey: false,
  metaKey: false,
  altKey: false,
  shiftKey: false,
  repeat: false,
  isComposing: false,
  defaultPrevented: false,
  ...about,
});
const page = 'other';
const mac = 'mac';
const altShift = { altKey: true, shiftKey: true };
const controlShift = { ctrlKey: true, shiftKey: true };

describe('a shortcut', () => {
  it('is known by its keys', () => {
    expect(shortcutOf(press({ key: 'N', code: 'KeyN', ...altShift }), page)).toBe('new-chat');
    expect(shortcutOf(press({ key: 'K', code: 'KeyK', ...altShift }), page)).toBe('previous');
    expect(shortcutOf(press({ key: 'Escape', code: 'Escape' }), page)).toBe('stop');
    expect(shortcutOf(press({ key: '/', ctrlKey: true }), page)).toBe('help');
  });

  it('has other keys on a Mac, where Option types characters', () => {
    expect(shortcutOf(press({ key: 'N', code: 'KeyN', ...controlShift }), mac)).toBe('new-chat');
    expect(shortcutOf(press({ key: '˜', code: 'KeyN', ...altShift }), mac)).toBeNull();
    expect(shortcutOf(press({ key: '/', metaKey: true }), mac)).toBe('help');
    expect(shortcutOf(press({ key: '/', ctrlKey: true }), mac)).toBeNull();
  });

  it('is found on keyboards with other letters, and where the slash needs Shift', () => {
    expect(shortcutOf(press({ key: 'Т', code: 'KeyN', ...altShift }), page)).toBe('new-chat');
    expect(shortcutOf(press({ key: '/', code: 'Digit7', ctrlKey: true, shiftKey: true }), page)).toBe('help');
    // Dvorak: the letter that is typed counts, not where it is.
    expect(shortcutOf(press({ key: 'N', code: 'KeyL', ...altShift }), page)).toBe('new-chat');
  });

  it('does once what is not for repeating', () => {
    expect(shortcutOf(press({ key: 'R', code: 'KeyR', repeat: true, ...altShift }), page)).toBeNull();
    expect(shortcutOf(press({ key: 'J', repeat: true, ...altShift }), page)).toBe('next');
  });

  it.each([
    ['while a word is composed', press({ key: 'Escape', isComposing: true })],
    ['that somebody has taken', press({ key: 'Escape', defaultPrevented: true })],
    ['with AltGr', press({ key: 'n', code: 'KeyN', ctrlKey: true, ...altShift })],
  ])('is none %s', (_, pressed) => {
    expect(shortcutOf(pressed, page)).toBeNull();
  });

  it('is never what is typed, nor a browser’s letters', () => {
    const typed = fc.record({
      key: fc.oneof(fc.string({ minLength: 1, maxLength: 1 }), fc.constantFrom('Enter', 'Tab', 'ArrowUp', 'F1')),
      shiftKey: fc.boolean(),
    });
    fc.assert(
      fc.property(typed, fc.constantFrom(page, mac), (pressed, context) => {
        expect(shortcutOf(press(pressed), context)).toBeNull();
      }),
      { seed: 21 },
    );
    const letter = fc.constantFrom(...'abcdefghijklmnopqrstuvwxyz0123456789'.split('')).map((key) => ({ key }));
    fc.assert(
      fc.property(letter, fc.boolean(), (pressed, shiftKey) => {
        expect(shortcutOf(press({ ...pressed, ctrlKey: true, shiftKey }), page)).toBeNull();
        expect(shortcutOf(press({ ...pressed, metaKey: true, shiftKey }), mac)).toBeNull();
      }),
      { seed: 22 },
    );
  });
});

describe('the sheet', () => {
  it('has every shortcut once, and keys that are nobody else’s', () => {
    expect(SHORTCUTS.map(({ id }) => id).toSorted()).toEqual(Object.keys(TEXT.shortcuts.does).toSorted());
    for (const platform of ['mac', 'other'] as const) {
      const keys = SHORTCUTS.map((shortcut) => keysOf(shortcut, platform).join('+'));
      expect(new Set(keys).size).toBe(SHORTCUTS.length);
    }
  });

  it('names the keys of its platform', () => {
    const [first] = SHORTCUTS;
    expect(first && keysOf(first, 'other')).toEqual(['Alt', 'Shift', 'N']);
    expect(first && keysOf(first, 'mac')).toEqual(['Control', 'Shift', 'N']);
    expect([platformOf('MacIntel'), platformOf('macOS'), platformOf('Linux x86_64'), platformOf('')]).toEqual([
      'mac',
      'mac',
      'other',
      'other',
    ]);
  });
});
