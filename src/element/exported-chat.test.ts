import { describe, expect, it } from 'vitest';
import { ForgelightError } from '../base/errors';
import { exportOf, parseExport } from './exported-chat';
import { keep, readKept } from './persistence';

const MESSAGES = [
  { role: 'user', content: 'Hi' },
  { role: 'assistant', content: 'Hello' },
] as const;

describe('an exported chat', () => {
  it('comes back as it went, as an object and as JSON', () => {
    const chat = exportOf(MESSAGES, 'Be brief.');
    expect(parseExport(chat)).toEqual(chat);
    expect(parseExport(JSON.stringify(chat))).toEqual(chat);
  });

  it.each([
    ['{', /^chat is not JSON/],
    ['null', /^chat /],
    [{ ...exportOf([], ''), version: 2 }, /^version /],
    [{ ...exportOf([], ''), system: 1 }, /^system /],
    [{ ...exportOf([], ''), messages: {} }, /^messages /],
    [{ ...exportOf([], ''), messages: [null] }, /^messages\[0\] /],
    [{ ...exportOf([], ''), messages: [{ role: 'system', content: 'x' }] }, /^messages\[0\]\.role /],
    [{ ...exportOf([], ''), messages: [MESSAGES[0], { role: 'user' }] }, /^messages\[1\]\.content /],
  ])('%j is refused by name', (chat, message) => {
    expect(() => parseExport(chat)).toThrow(ForgelightError);
    expect(() => parseExport(chat)).toThrow(message);
  });
});

describe('a kept chat', () => {
  const storage = (texts = new Map<string, string>()) => ({
    texts,
    getItem: (key: string) => texts.get(key) ?? null,
    setItem: (key: string, text: string) => void texts.set(key, text),
    removeItem: (key: string) => void texts.delete(key),
  });
  const blocked = (): never => {
    throw new DOMException('no', 'SecurityError');
  };

  it('is read back under its own key, and an empty one leaves nothing', () => {
    const own = storage();
    keep(exportOf(MESSAGES, ''), 'local', 'a', () => own);
    expect(readKept('local', 'a', () => own)?.messages).toEqual(MESSAGES);
    expect(readKept('local', 'b', () => own)).toBeNull();
    keep(exportOf([], ''), 'local', 'a', () => own);
    expect(own.texts.size).toBe(0);
  });

  it('is none where nothing is to be kept, site data is blocked, or something else lies there', () => {
    keep(exportOf(MESSAGES, ''), 'none', 'a', blocked);
    keep(exportOf(MESSAGES, ''), 'session', 'a', blocked);
    expect(readKept('none', 'a', blocked)).toBeNull();
    expect(readKept('session', 'a', blocked)).toBeNull();
    expect(readKept('session', 'a', () => storage(new Map([['forgelight-chat:a', '[]']])))).toBeNull();
  });
});
