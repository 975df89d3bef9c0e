import { describe, expect, it } from 'vitest';
import { defined } from '../base/assert';
import { ForgelightError } from '../base/errors';
import { MemoryConversations } from '../../test/support/memory-conversations';
import { answerAt, readyStore, settle, setUp, type StoreParts } from '../../test/support/ready-store';
import type { Message } from '../element/chat-types';
import type { ChatStore } from './chat-store';
import { SAVE_EVERY_MS } from './conversation-saver';
import { shownVersions, summaryOf } from './conversations';
import { TEXT } from './messages';
import { pagePhase } from './page-state';

const last = (store: ChatStore): Message => defined(store.state.messages.at(-1), 'message');
const texts = (store: ChatStore): readonly string[] => store.state.messages.map(({ text }) => text);
const titles = (store: ChatStore): readonly string[] => store.state.chats.all.map((one) => summaryOf(one).title);
const shownId = (store: ChatStore): number => defined(store.state.chats.shown, 'the shown one').id;

/** Asks, and lets the engine answer to the end. */
async function exchange({ store, engines, clock }: StoreParts, question: string, answer: string): Promise<void> {
  clock.advance(10);
  const sent = store.send(question);
  await settle();
  const scripted = defined(engines.answers.at(-1), 'an answer');
  scripted.write(answer);
  scripted.finish();
  await sent;
  await settle();
}

describe('conversations at once', () => {
  it('a new chat leaves the running answer to itself; each is stopped where it is shown', async () => {
    const { store, engines } = await readyStore();
    const first = store.send('Hello');
    await settle();
    const helloId = defined(store.state.chats.shown, 'the first').id;
    store.newChat();
    expect(store.state.messages).toEqual([]);
    expect(pagePhase(store.state)).toBe('ready');
    const second = store.send('Something else');
    await settle();
    expect(answerAt(engines, 1).body.messages).toEqual([{ role: 'user', content: 'Something else' }]);
    answerAt(engines, 0).write('Hi');
    answerAt(engines, 1).write('Well');
    await settle();
    expect(store.state.messages.map(({ text }) => text)).toEqual(['Something else', 'Well']);
    store.stop();
    await second;
    expect(last(store)).toMatchObject({ status: { kind: 'stopped' } });
    store.showChat(helloId);
    expect(pagePhase(store.state)).toBe('generating');
    expect(store.state.messages.map(({ text }) => text)).toEqual(['Hello', 'Hi']);
    store.newChat();
    answerAt(engines, 0).finish();
    await first;
    expect(store.state.announcement).toBe(TEXT.chats.answered('Hello', TEXT.status.finished));
  });

  it('the end of the engine ends each of their answers once, and says so once', async () => {
    const { store, engines } = await readyStore();
    const sent = [store.send('One?')];
    await settle();
    store.newChat();
    sent.push(store.send('Two?'));
    await settle();
    const said: string[] = [];
    store.subscribe(() => {
      if (said.at(-1) !== store.state.announcement) said.push(store.state.announcement);
    });
    for (const answer of engines.answers) answer.fail(new ForgelightError('closed', 'The worker is gone.'));
    await Promise.all(sent);
    expect(pagePhase(store.state)).toBe('error');
    expect(store.state.chats.running.size).toBe(0);
    const ends = store.state.chats.all.map(({ nodes }) => nodes.at(-1));
    for (const end of ends) expect(end).toMatchObject({ status: { kind: 'failed', failure: { code: 'closed' } } });
    expect(new Set(said).size).toBe(said.length);
  });

  it('one that is deleted takes its answer with it', async () => {
    const { store, engines, shared } = await readyStore();
    const sent = store.send('Hello');
    await settle();
    answerAt(engines, 0).write('Hi');
    await settle();
    const id = shownId(store);
    store.deleteChat(id);
    expect(answerAt(engines, 0).signal?.aborted).toBe(true);
    answerAt(engines, 0).write(' there');
    await sent;
    await settle();
    expect(store.state).toMatchObject({ messages: [], announcement: TEXT.chats.deleted('Hello') });
    expect(shared.records.get(id)).toEqual({ id, deletedAtMs: 1000 });
    expect(pagePhase(store.state)).toBe('ready');
  });
});

describe('versions', () => {
  it('a question that is edited begins a branch, and the way back is there', async () => {
    const parts = await readyStore();
    const { store, engines } = parts;
    await exchange(parts, 'One?', 'One.');
    await exchange(parts, 'Two?', 'Two.');
    const first = defined(store.state.messages[0], 'a question').id;
    const edited = store.edit(first, ' Uno? ');
    await settle();
    expect(answerAt(engines, 2).body.messages).toEqual([{ role: 'user', content: 'Uno?' }]);
    answerAt(engines, 2).finish();
    await edited;
    expect(texts(store)).toEqual(['Uno?', '']);
    store.chooseVersion(first);
    expect(texts(store)).toEqual(['One?', 'One.', 'Two?', 'Two.']);
    expect(store.state.announcement).toBe(TEXT.chat.version(1, 2));
  });

  it('an answer is asked for again after what stood before it, and both stay', async () => {
    const parts = await readyStore();
    const { store, engines } = parts;
    await exchange(parts, 'One?', 'One.');
    await exchange(parts, 'Two?', 'Two.');
    const [, one] = store.state.messages;
    const again = store.regenerate(defined(one, 'an answer').id);
    await settle();
    expect(answerAt(engines, 2).body.messages).toEqual([{ role: 'user', content: 'One?' }]);
    answerAt(engines, 2).write('Uno.');
    answerAt(engines, 2).finish();
    await again;
    expect(texts(store)).toEqual(['One?', 'Uno.']);
    const versions = shownVersions(defined(store.state.chats.shown, 'shown'));
    expect([...versions.values()]).toEqual([{ position: 2, count: 2, previous: one?.id, next: null }]);
  });
});

describe('what is kept', () => {
  it('is there again in the next visit, in the tab that showed it', async () => {
    const parts = await readyStore();
    await exchange(parts, 'Hello', 'Hi');
    parts.store.renameChat(shownId(parts.store), 'Greetings');
    await settle();
    const next = setUp(parts.shared, shownId(parts.store));
    await settle();
    expect(texts(next.store)).toEqual(['Hello', 'Hi']);
    expect(titles(next.store)).toEqual(['Greetings']);
    const other = setUp(parts.shared);
    await settle();
    expect(other.store.state.messages).toEqual([]);
    expect(titles(other.store)).toEqual(['Greetings']);
  });

  it('grows with an answer once a second, so that a tab that is closed has lost no more', async () => {
    const { store, engines, clock, shared, tab } = await readyStore();
    void store.send('Hello');
    await settle();
    const before = shared.writes.length;
    for (const word of ['One', ' two', ' three']) {
      answerAt(engines, 0).write(word);
      await settle();
    }
    clock.advance(SAVE_EVERY_MS);
    await settle();
    expect(shared.writes).toHaveLength(before + 1);
    answerAt(engines, 0).write(' four');
    await settle();
    tab.die();
    const next = setUp(shared, shownId(store));
    await settle();
    expect(last(next.store)).toMatchObject({ text: 'One two three', status: { kind: 'stopped' } });
    expect(next.store.state.chats.running.size).toBe(0);
  });

  it('is written when the page may end', async () => {
    const { store, engines, shared } = await readyStore();
    void store.send('Hello');
    await settle();
    answerAt(engines, 0).write('One');
    await settle();
    store.saveNow();
    await settle();
    expect(shared.records.get(shownId(store))).toMatchObject({ nodes: [{}, { text: 'One' }] });
  });

  it('shows in another tab, and the branch that somebody looks at stays', async () => {
    const parts = await readyStore();
    await exchange(parts, 'One?', 'One.');
    const other = await readyStore(parts.shared, shownId(parts.store));
    expect(texts(other.store)).toEqual(['One?', 'One.']);
    await exchange(parts, 'Two?', 'Two.');
    expect(texts(other.store)).toEqual(['One?', 'One.', 'Two?', 'Two.']);
    const first = defined(parts.store.state.messages[0], 'a question').id;
    await Promise.all([parts.store.edit(first, 'Uno?'), settle().then(() => parts.store.stop())]);
    await settle();
    expect(texts(other.store)).toEqual(['One?', 'One.', 'Two?', 'Two.']);
    expect([...shownVersions(defined(other.store.state.chats.shown, 'shown')).values()]).toMatchObject([{ count: 2 }]);
    parts.store.deleteChat(shownId(parts.store));
    await settle();
    expect(other.store.state).toMatchObject({ messages: [], announcement: TEXT.chats.deletedElsewhere('One?') });
  });

  it('is nothing where site data is blocked, which is said once; the page works', async () => {
    const shared = new MemoryConversations();
    shared.isBlocked = true;
    const parts = await readyStore(shared);
    const { store } = parts;
    const said: string[] = [];
    store.subscribe(() => said.push(store.state.announcement));
    expect(store.state.chats.keeping).toEqual({ kind: 'blocked' });
    await exchange(parts, 'Hello', 'Hi');
    store.newChat();
    store.deleteChat(defined(store.state.chats.all[0], 'the first').id);
    await settle();
    expect(store.state.chats.all).toEqual([]);
    store.lookAgain();
    await settle();
    expect(store.state.chats.keeping).toEqual({ kind: 'blocked' });
    expect(said).not.toContain(TEXT.chats.blocked);
    expect(parts.reported).toEqual([]);
  });

  it('is not written anew where it was cleared on purpose', async () => {
    const parts = await readyStore();
    await exchange(parts, 'Hello', 'Hi');
    parts.shared.records.clear();
    parts.shared.changes = 0;
    parts.store.lookAgain();
    await settle();
    expect(parts.shared.records.size).toBe(0);
    expect(texts(parts.store)).toEqual(['Hello', 'Hi']);
  });

  it('that could not be written is said, and written with the next change', async () => {
    const parts = await readyStore();
    const { store, shared } = parts;
    shared.isBlocked = true;
    await exchange(parts, 'Hello', 'Hi');
    expect(store.state.chats.keeping).toMatchObject({ kind: 'failing', reason: 'Site data is blocked.' });
    shared.isBlocked = false;
    store.renameChat(shownId(store), 'Greetings');
    await settle();
    expect(store.state.chats.keeping).toEqual({ kind: 'working' });
    expect(shared.records.get(shownId(store))).toMatchObject({ nodes: [{}, { text: 'Hi' }] });
  });
});

describe('what could not be written', () => {
  it('is written with another conversation, and until then the page says that it is not', async () => {
    const parts = await readyStore();
    const { store, shared } = parts;
    await exchange(parts, 'Hello', 'Hi');
    const first = shownId(store);
    shared.isBlocked = true;
    await exchange(parts, 'More?', 'More.');
    shared.isBlocked = false;
    store.newChat();
    await exchange(parts, 'Other?', 'Other.');
    expect(store.state.chats.keeping).toEqual({ kind: 'working' });
    expect(shared.records.get(first)).toMatchObject({ nodes: [{}, {}, { text: 'More?' }, { text: 'More.' }] });
  });

  it('is written when the page may end', async () => {
    const parts = await readyStore();
    const { store, shared } = parts;
    shared.isBlocked = true;
    await exchange(parts, 'Hello', 'Hi');
    shared.isBlocked = false;
    store.saveNow();
    await settle();
    expect(shared.records.get(shownId(store))).toMatchObject({ nodes: [{}, { text: 'Hi' }] });
  });

  it('may be what a newer version has written too: that is left as it is, and said', async () => {
    const parts = await readyStore();
    const { store, shared, reported } = parts;
    await exchange(parts, 'Hello', 'Hi');
    const newer = { id: shownId(store), tree: [] };
    shared.records.set(newer.id, newer);
    await exchange(parts, 'More?', 'More.');
    expect(shared.records.get(newer.id)).toEqual(newer);
    expect(store.state.chats.keeping).toEqual({ kind: 'failing', reason: TEXT.chats.newer });
    expect(reported).toEqual([]);
  });

  it('may be that something was deleted', async () => {
    const parts = await readyStore();
    const { store, shared } = parts;
    await exchange(parts, 'Hello', 'Hi');
    const first = shownId(store);
    shared.isBlocked = true;
    store.deleteChat(first);
    await settle();
    expect(store.state.chats.keeping.kind).toBe('failing');
    shared.isBlocked = false;
    await exchange(parts, 'Other?', 'Other.');
    expect(shared.records.get(first)).toEqual({ id: first, deletedAtMs: expect.any(Number) as number });
    expect(store.state.chats.keeping.kind).toBe('working');
  });
});

describe('settings', () => {
  it('are each conversation’s own, go with its requests, and are what new ones begin with', async () => {
    const parts = await readyStore();
    const { store, engines } = parts;
    store.changeSettings({ system: 'Be brief.', sampling: { temperature: 0, top_k: 3 } });
    await exchange(parts, 'Hello', 'Hi');
    const first = shownId(store);
    expect(answerAt(engines, 0).body).toMatchObject({
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'Hello' },
      ],
      temperature: 0,
      top_k: 3,
    });
    store.newChat();
    expect(store.state.chats.settings.system).toBe('Be brief.');
    store.changeSettings({ system: '', sampling: {} });
    await exchange(parts, 'Again', 'Hi');
    expect(answerAt(engines, 1).body).toEqual({ messages: [{ role: 'user', content: 'Again' }], stream: true });
    store.showChat(first);
    expect(store.state.chats.settings.system).toBe('Be brief.');
    const next = setUp(parts.shared);
    await settle();
    expect(next.store.state.chats.settings.system).toBe('');
  });
});

describe('files', () => {
  it('hold one conversation or all; what is here already is not taken twice, and nothing that is here changes', async () => {
    const parts = await readyStore();
    const { store } = parts;
    await exchange(parts, 'One?', 'One.');
    const first = shownId(store);
    const one = store.exportChats(first);
    store.newChat();
    await exchange(parts, 'Two?', 'Two.');
    const all = store.exportChats(null);
    expect(store.importChats('all.json', all)).toBeNull();
    expect(store.state.announcement).toBe(TEXT.chats.imported(0, 2));
    store.deleteChat(first);
    expect(store.importChats('one.json', one)).toBeNull();
    expect(store.state.announcement).toBe(TEXT.chats.imported(1, 0));
    await settle();
    expect(titles(store)).toEqual(['Two?', 'One?']);
    const other = setUp();
    await settle();
    expect(other.store.importChats('all.json', all)).toBeNull();
    await settle();
    expect(titles(other.store)).toEqual(['Two?', 'One?']);
    expect(other.shared.records.size).toBe(2);
  });

  it('that are imported twice are there once, also where the id of what was deleted is no longer free', async () => {
    const parts = await readyStore();
    const { store } = parts;
    await exchange(parts, 'One?', 'One.');
    const first = shownId(store);
    const backup = store.exportChats(null);
    const other = setUp();
    await settle();
    other.store.importChats('backup.json', backup);
    expect(other.store.state.chats.all.map(({ id }) => id)).toEqual([first]);
    store.deleteChat(first);
    for (const { store: where } of [parts, other]) {
      where.importChats('backup.json', backup);
      where.importChats('backup.json', backup);
      expect(where.state.announcement).toBe(TEXT.chats.imported(0, 1));
      expect(where.state.chats.all).toHaveLength(1);
    }
  });

  it('of the same id with other messages get an id of their own', async () => {
    const parts = await readyStore();
    const { store } = parts;
    await exchange(parts, 'One?', 'One.');
    const changed = store.exportChats(null).replace('"One."', '"Won."');
    expect(store.importChats('changed.json', changed)).toBeNull();
    expect(store.state.chats.all.map(({ nodes }) => nodes.at(-1)?.text)).toEqual(
      expect.arrayContaining(['One.', 'Won.']),
    );
  });

  it('that are wrong are refused with their name and a reason', async () => {
    const { store, reported } = setUp();
    const problem = TEXT.chats.importFailed('cat.gif', TEXT.chats.noJson);
    expect(store.importChats('cat.gif', 'GIF89a')).toBe(problem);
    expect(store.state.announcement).toBe(problem);
    expect(reported).toEqual([]);
  });
});
