import { afterEach, expect, it } from 'vitest';
import { conversationDatabase } from './conversation-database';

const NAME = 'forgelight-test-conversations';
const database = conversationDatabase(NAME);

/** Does not come to its end where a connection has stayed. */
afterEach(async () => {
  await new Promise((resolve, reject) => {
    Object.assign(indexedDB.deleteDatabase(NAME), { onsuccess: resolve, onerror: reject });
  });
}, 10_000);

it('keeps records by id, and leaves no connection behind', async () => {
  await database.change(1, (kept) => ({ id: 1, before: kept }));
  await database.change(2, () => ({ id: 2 }));
  await database.change(1, (kept) => ({ id: 1, before: kept }));
  expect(await database.readAll()).toEqual([{ id: 1, before: { id: 1, before: undefined } }, { id: 2 }]);
  await database.remove(2);
  expect(await database.read(2)).toBeUndefined();
});

it('writes nothing where the change is none, or fails', async () => {
  await database.change(1, () => ({ id: 1 }));
  await database.change(1, () => null);
  const failing = database.change(1, () => {
    throw new Error('a mistake');
  });
  await expect(failing).rejects.toThrow('a mistake');
  expect(await database.read(1)).toEqual({ id: 1 });
});

it('changes one record at a time: no change is lost', async () => {
  const add = (): Promise<void> =>
    database.change(1, (kept) => ({ count: ((kept as { count: number } | undefined)?.count ?? 0) + 1 }));
  await Promise.all(Array.from({ length: 20 }, add));
  expect(await database.read(1)).toEqual({ count: 20 });
});

it('knows whether another tab has changed something since all was read', async () => {
  const other = conversationDatabase(NAME);
  await database.readAll();
  await database.change(1, () => ({ id: 1 }));
  expect(await database.hasNews()).toBe(false);
  await other.change(2, () => ({ id: 2 }));
  await database.change(1, () => ({ id: 1 }));
  expect(await database.hasNews()).toBe(true);
  expect(await database.readAll()).toEqual([{ id: 1 }, { id: 2 }]);
  expect(await database.hasNews()).toBe(false);
});
