import { describe, expect, it } from 'vitest';
import type { ThemeStorage } from './theme';
import { keepTheme, nextTheme, readTheme } from './theme';

function memory(): ThemeStorage {
  const items = new Map<string, string>();
  return { getItem: (key) => items.get(key) ?? null, setItem: (key, value) => items.set(key, value) };
}

describe('theme', () => {
  it('follows the system until somebody chooses, and is kept', () => {
    const storage = memory();
    expect(readTheme(() => storage)).toBe('system');
    keepTheme('dark', () => storage);
    expect(readTheme(() => storage)).toBe('dark');
  });

  it('goes round', () => {
    expect([nextTheme('system'), nextTheme('light'), nextTheme('dark')]).toEqual(['light', 'dark', 'system']);
  });

  it('works where site data is blocked', () => {
    const blocked = (): ThemeStorage => {
      throw new DOMException('denied', 'SecurityError');
    };
    expect(readTheme(blocked)).toBe('system');
    expect(() => keepTheme('dark', blocked)).not.toThrow();
  });
});
