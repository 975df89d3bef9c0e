import { describe, expect, it } from 'vitest';
import { MemoryConversations } from '../../test/support/memory-conversations';
import { readyStore, settle, setUp } from '../../test/support/ready-store';

const SETTINGS = { system: 'Be brief.', sampling: { temperature: 0 } };

describe('settings of a new conversation', () => {
  it('are there when the tab is loaded anew, before anything was asked', async () => {
    const parts = setUp();
    await settle();
    parts.store.changeSettings(SETTINGS);
    const next = setUp(parts.shared, parts.tab);
    await settle();
    expect(next.store.state.chats).toMatchObject({ shown: null, settings: SETTINGS });
    const other = setUp(parts.shared);
    await settle();
    expect(other.store.state.chats.settings.system).toBe('');
  });

  it('are the default where the tab holds something else', async () => {
    const shared = new MemoryConversations();
    const store = setUp(shared, { ...shared.tab(), newSettings: '{"sys' }).store;
    await settle();
    expect(store.state.chats.settings).toEqual({ system: '', sampling: {} });
  });

  it('stay when they change before the conversations of earlier visits are there', async () => {
    const { store: earlier, shared, tab } = await readyStore();
    void earlier.send('Hello');
    await settle();
    const { store } = setUp(shared, tab);
    store.changeSettings(SETTINGS);
    await settle();
    expect(store.state.chats).toMatchObject({ shown: null, settings: SETTINGS });
    expect(store.state.chats.all).toHaveLength(1);
  });
});

it('a page that is looked at again reads what is kept only where another tab has changed something', async () => {
  const parts = await readyStore();
  void parts.store.send('Hello');
  await settle();
  parts.store.lookAgain();
  await settle();
  expect(parts.shared.looks).toBe(1);
  const other = setUp(parts.shared);
  await settle();
  other.store.renameChat(1, 'Greetings');
  await settle();
  parts.store.lookAgain();
  await settle();
  parts.store.lookAgain();
  await settle();
  expect(parts.shared.looks).toBe(3);
});

it('a conversation that this version cannot read is told, and left as it is', async () => {
  const { store: earlier, shared } = await readyStore();
  void earlier.send('Hello');
  await settle();
  const ofLater = { id: 99, version: 2, turns: [] };
  shared.records.set(99, ofLater);
  const { store } = setUp(shared);
  await settle();
  expect(store.state.chats.all).toHaveLength(1);
  expect(store.state.chats.unreadable).toBe(1);
  store.renameChat(1, 'Greetings');
  await settle();
  expect(shared.records.get(99)).toEqual(ofLater);
  expect(store.state.chats.unreadable).toBe(1);
});
