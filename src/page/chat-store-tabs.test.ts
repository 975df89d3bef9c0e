import { describe, expect, it } from 'vitest';
import { defined } from '../base/assert';
import { MemoryConversations } from '../../test/support/memory-conversations';
import { answerAt, readyStore, settle, setUp, type StoreParts } from '../../test/support/ready-store';
import type { Message } from '../element/chat-types';
import type { ChatStore } from './chat-store';
import { SAVE_EVERY_MS } from './conversation-saver';
import { pagePhase } from './page-state';

const last = (store: ChatStore): Message => defined(store.state.messages.at(-1), 'message');
const shownId = (store: ChatStore): number => defined(store.state.chats.shown, 'the shown one').id;

/** A tab that writes an answer, and another that looks at the same conversation. */
async function twoTabs(shared?: MemoryConversations): Promise<readonly [writer: StoreParts, reader: StoreParts]> {
  const writer = await readyStore(shared);
  void writer.store.send('Hello');
  await settle();
  const reader = await readyStore(writer.shared, shownId(writer.store));
  return [writer, reader];
}

/** So much of the answer is on the disk. */
async function write({ engines, clock }: StoreParts, text: string): Promise<void> {
  answerAt(engines, 0).write(text);
  await settle();
  clock.advance(SAVE_EVERY_MS);
  await settle();
}

/** All that the tab shows of the last message, one after the other. */
function watch({ store }: StoreParts): readonly string[] {
  const seen: string[] = [];
  store.subscribe(() => {
    const message = store.state.messages.at(-1);
    if (message === undefined) return;
    const now = `${message.role === 'assistant' ? message.status.kind : 'question'}: ${message.text}`;
    if (seen.at(-1) !== now) seen.push(now);
  });
  return seen;
}

describe('an answer that another tab writes', () => {
  it('grows with what is kept of it, and is whole when that tab has saved it', async () => {
    const [writer, reader] = await twoTabs();
    expect(last(reader.store)).toMatchObject({ text: '', status: { kind: 'elsewhere' } });
    const seen = watch(reader);
    await write(writer, 'Hi');
    await write(writer, ' there');
    answerAt(writer.engines, 0).finish();
    await settle();
    expect(seen).toEqual(['elsewhere: Hi', 'elsewhere: Hi there', 'finished: Hi there']);
    expect(reader.store.state.chats.elsewhere.size).toBe(0);
    expect(pagePhase(reader.store.state)).toBe('ready');
    expect(reader.reported).toEqual([]);
  });

  it('is shown as such until its end is on the disk', async () => {
    let disk = Promise.resolve();
    const shared = new MemoryConversations(async (operation) => (operation.startsWith('change ') ? disk : undefined));
    const [writer, reader] = await twoTabs(shared);
    await write(writer, 'Hi');
    const seen = watch(reader);
    let goOn = (): void => undefined;
    disk = new Promise((resolve) => (goOn = resolve));
    answerAt(writer.engines, 0).finish();
    await settle();
    expect(last(writer.store)).toMatchObject({ status: { kind: 'finished' } });
    goOn();
    await settle();
    expect(seen).toEqual(['finished: Hi']);
  });

  it('is seen from its first moment on, in the conversation that is looked at', async () => {
    const [writer, reader] = await twoTabs();
    answerAt(writer.engines, 0).finish();
    await settle();
    const seen = watch(reader);
    void writer.store.send('More?');
    await settle();
    expect(seen).toEqual(['elsewhere: ']);
  });

  it('has stopped when that tab dies, with all that it has kept', async () => {
    const [writer, reader] = await twoTabs();
    await write(writer, 'Hi');
    const seen = watch(reader);
    writer.tab.die();
    await settle();
    expect(seen).toEqual(['elsewhere: Hi', 'stopped: Hi']);
    expect(pagePhase(reader.store.state)).toBe('ready');
    const next = setUp(writer.shared, shownId(writer.store));
    const first = watch(next);
    await settle();
    expect(first).toEqual(['stopped: Hi']);
  });

  it('has stopped when it is stopped there, and when it could not be kept', async () => {
    const [writer, reader] = await twoTabs();
    await write(writer, 'Hi');
    writer.shared.isBlocked = true;
    writer.store.stop();
    await settle();
    writer.shared.isBlocked = false;
    reader.store.lookAgain();
    await settle();
    expect(last(reader.store)).toMatchObject({ text: 'Hi', status: { kind: 'stopped' } });
  });

  it('is neither stopped nor asked for again here, nor is anything asked behind it', async () => {
    const [writer, reader] = await twoTabs();
    const { store, engines } = reader;
    expect(pagePhase(store.state)).toBe('elsewhere');
    store.stop();
    await store.regenerate(last(store).id);
    await store.send('And?');
    expect(engines.answers).toHaveLength(0);
    store.newChat();
    expect(pagePhase(store.state)).toBe('ready');
    await write(writer, 'Hi');
    expect(answerAt(writer.engines, 0).signal?.aborted).toBe(false);
  });

  it('is found by a page that was away when it began', async () => {
    const [writer, reader] = await twoTabs();
    answerAt(writer.engines, 0).finish();
    await settle();
    // Nothing is heard, as of a page that the browser keeps for Back.
    reader.tab.die();
    void writer.store.send('More?');
    await settle();
    expect(last(reader.store)).toMatchObject({ status: { kind: 'finished' } });
    reader.store.lookAgain();
    await settle();
    expect(last(reader.store)).toMatchObject({ status: { kind: 'elsewhere' } });
  });
});
