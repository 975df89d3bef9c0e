import { describe, expect, it } from 'vitest';
import { Drafts } from './drafts';

/** What this needs of a storage. */
function memoryStorage(): Storage {
  const items = new Map<string, string>();
  return {
    get length() {
      return items.size;
    },
    clear: () => items.clear(),
    key: (index) => [...items.keys()][index] ?? null,
    getItem: (key) => items.get(key) ?? null,
    setItem: (key, text) => void items.set(key, text),
    removeItem: (key) => void items.delete(key),
  };
}

describe('what is written and not sent', () => {
  it('outlives a reload, each in its own conversation and field', () => {
    const storage = memoryStorage();
    const before = new Drafts(() => storage);
    before.write('new', null);
    before.write('one', 1);
    before.write('edit', 1, 7);
    const after = new Drafts(() => storage);
    expect([after.read(null), after.read(1), after.read(2)]).toEqual(['new', 'one', null]);
    expect([after.editsOf(1).get(7), after.editsOf(1).get(8), after.editsOf(2).get(7)]).toEqual([
      'edit',
      undefined,
      undefined,
    ]);
    expect(after.editsOf(1)).toBe(after.editsOf(1));
  });

  it('is kept no longer once it is sent, nor when its conversation is deleted', () => {
    const storage = memoryStorage();
    const drafts = new Drafts(() => storage);
    drafts.write('one', 1);
    drafts.write(null, 1);
    expect([drafts.read(1), storage.length]).toEqual([null, 0]);
    drafts.write('one', 1);
    drafts.write('edit', 1, 7);
    drafts.write('another', 12);
    drafts.forget(1);
    expect([drafts.read(1), drafts.read(1, 7), drafts.read(12), storage.length]).toEqual([null, null, 'another', 1]);
  });

  it('lasts as long as the page where site data is blocked', () => {
    const drafts = new Drafts(() => {
      throw new DOMException('', 'SecurityError');
    });
    drafts.write('one', 1);
    expect(drafts.read(1)).toBe('one');
    drafts.forget(1);
    expect(drafts.read(1)).toBeNull();
  });
});
