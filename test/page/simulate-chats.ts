import fc from 'fast-check';
import { assert, defined } from '../../src/base/assert';
import { ForgelightError } from '../../src/base/errors';
import { isRunning } from '../../src/element/chat-types';
import { ChatStore } from '../../src/page/chat-store';
import type { Conversation } from '../../src/page/conversation';
import { parseKept } from '../../src/page/conversation-file';
import { isTombstone } from '../../src/page/conversation-ports';
import { FakeClock } from '../support/fake-clock';
import { MemoryConversations, type MemoryTab } from '../support/memory-conversations';
import { type ScriptedAnswer, ScriptedEngines } from '../support/scripted-engine';

/** What happens, with how often. */
const KINDS = {
  send: 5,
  edit: 3,
  regenerate: 3,
  choose: 3,
  stop: 2,
  new: 2,
  show: 2,
  rename: 1,
  delete: 1,
  write: 5,
  finish: 6,
  fail: 1,
  'end engine': 1,
  load: 1,
  wait: 3,
  leave: 1,
  'fill disk': 2,
} as const;
type Kind = keyof typeof KINDS;

interface Step {
  readonly kind: Kind;
  readonly tab: number;
  readonly pick: number;
  /** So many operations of the database and the channel come to their end after it. */
  readonly turns: number;
}

export interface ChatsScenario {
  readonly steps: readonly Step[];
  readonly scheduler: fc.Scheduler;
}

/** What was met, so that a test can say that it was. */
export interface ChatsCounts {
  together: number;
  deletedWhileWriting: number;
  left: number;
  versions: number;
  /** Writes that failed. */
  failed: number;
  /** Tabs that could keep everything again after that, without having been asked to. */
  recovered: number;
  /** Answers that a tab shows as another's, while everything else has come to its end. */
  elsewhere: number;
}

export const chatsScenario: fc.Arbitrary<ChatsScenario> = fc.record({
  steps: fc.array(
    fc.record({
      kind: fc.oneof(
        ...Object.entries(KINDS).map(([kind, weight]) => ({ weight, arbitrary: fc.constant(kind as Kind) })),
      ),
      tab: fc.nat(1),
      pick: fc.nat(20),
      turns: fc.nat(4),
    }),
    {
      minLength: 5,
      maxLength: 40,
      size: 'max',
    },
  ),
  scheduler: fc.scheduler(),
});

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const CHOICE = { reference: 'https://example.org/a.gguf', name: 'a.gguf', local: false };

/** One tab of the page. Its answers may only end once, and what was deleted in it never comes back. */
class Tab {
  readonly engines = new ScriptedEngines();
  readonly store: ChatStore;
  readonly conversations: MemoryTab;
  readonly #ended = new Map<number, string>();
  readonly deleted = new Set<number>();
  /** Answers that the engine has ended. */
  readonly over = new Set<ScriptedAnswer>();
  isClosed = false;
  /** So many of its next writes fail. */
  fullFor = 0;
  failed = 0;

  constructor(shared: MemoryConversations, clock: FakeClock, scheduler: fc.Scheduler) {
    const pace = async (name: string): Promise<void> => {
      await scheduler.schedule(Promise.resolve(), name);
      // A tab that is gone goes on with nothing.
      if (this.isClosed) await new Promise(() => undefined);
      if (this.fullFor === 0 || !name.startsWith('change ')) return;
      this.fullFor -= 1;
      this.failed += 1;
      throw new DOMException('The disk is full.', 'QuotaExceededError');
    };
    const reportError = (error: unknown): never => {
      throw error;
    };
    const { createEngine } = this.engines;
    const conversations = shared.tab(pace);
    this.conversations = conversations;
    const readHeader = async (): Promise<void> => undefined;
    const ports = { createEngine, readHeader, clock, conversations, pairing: () => null, reportError };
    this.store = new ChatStore(ports, CHOICE);
    this.store.subscribe(() => this.#check());
  }

  async load(): Promise<void> {
    const count = this.engines.loads.length;
    const loading = this.store.load(CHOICE);
    await settle();
    defined(this.engines.loads[count], 'a load').finish();
    await loading;
  }

  #check(): void {
    const { all, running, elsewhere } = this.store.state.chats;
    for (const id of elsewhere) assert(!running.has(id), `answer ${id} is written here and elsewhere`);
    for (const { id, nodes } of all) {
      assert(!this.deleted.has(id), `conversation ${id} is back after it was deleted`);
      for (const node of nodes) {
        if (node.role === 'user') continue;
        const before = this.#ended.get(node.id);
        const { status, text } = node;
        const isEnded = status.kind !== 'reading' && status.kind !== 'writing';
        const now = isEnded ? JSON.stringify([status, text]) : undefined;
        assert(before === undefined || before === now, `answer ${node.id} changed after its end`);
        if (now !== undefined) this.#ended.set(node.id, now);
        assert(!(running.has(node.id) && now !== undefined), `answer ${node.id} ended and runs`);
      }
    }
  }
}

export const NO_COUNTS: Readonly<ChatsCounts> = {
  together: 0,
  deletedWhileWriting: 0,
  left: 0,
  versions: 0,
  failed: 0,
  recovered: 0,
  elsewhere: 0,
};

/** Two tabs on one database, with several answers at once, in whatever order things happen. */
export async function simulateChats({ steps, scheduler }: ChatsScenario): Promise<ChatsCounts> {
  const world = new World(scheduler);
  await world.load();
  for (const step of steps) {
    await world.take(step);
    await settle();
    for (let turn = 0; turn < step.turns && scheduler.count() > 0; turn++) await scheduler.waitOne();
    await settle();
    world.check();
  }
  await world.comeToRest();
  world.checkAtRest();
  return world.counts;
}

class World {
  readonly counts: ChatsCounts = { ...NO_COUNTS };
  readonly #clock = new FakeClock();
  readonly #shared = new MemoryConversations();
  readonly #tabs: Tab[];
  /** What was deleted, and where. */
  readonly #deleted = new Map<number, Tab>();
  readonly #buried = new Set<number>();
  /** Questions that were asked, with their conversations, and where. */
  readonly #asked = new Map<string, { readonly id: number; readonly tab: Tab }>();
  #asks = 0;
  #hasLeft = false;

  constructor(private readonly scheduler: fc.Scheduler) {
    this.#tabs = [this.#open(), this.#open()];
  }

  /** A model in every tab. */
  async load(): Promise<void> {
    for (const tab of this.#tabs) await tab.load();
  }

  async take(step: Step): Promise<void> {
    const tab = defined(this.#tabs[step.tab], 'a tab');
    const { store } = tab;
    const { messages, chats } = store.state;
    const chosen = chats.all[step.pick % Math.max(1, chats.all.length)];
    const pickOf = <T>(list: readonly T[]): T | undefined => list[step.pick % Math.max(1, list.length)];
    const question = pickOf(messages.filter(({ role }) => role === 'user'));
    const shownAnswer = pickOf(messages.filter(({ role }) => role === 'assistant'));
    const answers = tab.engines.answers.filter((one) => one.signal?.aborted !== true && !tab.over.has(one));
    const answer = pickOf(answers);
    switch (step.kind) {
      case 'send':
        return this.#ask(tab, (text) => store.send(text));
      case 'edit':
        return question === undefined ? undefined : this.#ask(tab, (text) => store.edit(question.id, text));
      case 'regenerate':
        if (shownAnswer !== undefined) void store.regenerate(shownAnswer.id);
        return;
      case 'choose':
        return this.#choose(store, chats.shown ?? chosen, step.pick);
      case 'stop':
        return store.stop();
      case 'new':
        return store.newChat();
      case 'show':
        return chosen === undefined ? undefined : store.showChat(chosen.id);
      case 'rename':
        return chosen === undefined ? undefined : store.renameChat(chosen.id, `name ${step.pick}`);
      case 'delete':
        return chosen === undefined ? undefined : this.#delete(tab, chosen);
      case 'write':
        return answer?.write(`w${step.pick} `);
      case 'finish':
        if (answer !== undefined) tab.over.add(answer);
        return answer?.finish();
      case 'fail':
        return answer?.fail(new ForgelightError('timeout', 'slow'));
      case 'end engine':
        return answers.forEach((one) => one.fail(new ForgelightError('closed', 'gone')));
      case 'load':
        return tab.load();
      case 'wait':
        return this.#clock.advance(500);
      case 'fill disk':
        tab.fullFor = 1 + (step.pick % 3);
        return;
      case 'leave':
        this.#leave(step.tab);
        return await defined(this.#tabs[step.tab], 'a tab').load();
    }
  }

  /** What holds at any time. */
  check(): void {
    for (const tab of this.#tabs) {
      const { running } = tab.store.state.chats;
      if (running.size > 1) this.counts.together += 1;
    }
    for (const id of this.#deleted.keys()) {
      const kept = this.#shared.records.get(id);
      if (isTombstone(kept)) this.#buried.add(id);
      assert(!this.#buried.has(id) || isTombstone(kept), `conversation ${id} was written after it was deleted`);
    }
  }

  async comeToRest(): Promise<void> {
    for (const tab of this.#tabs) tab.fullFor = 0;
    for (let round = 0; round < 4; round++) {
      await this.scheduler.waitIdle();
      // What could not be written is not forgotten: it waits for the next write, or for the end of the page.
      if (round === 1) this.#checkKept();
      if (round === 2) for (const { store } of this.#tabs) store.saveNow();
      // A tab that was closed between writing and telling has told nobody: the others see it when they are looked at next.
      if (round === 1 && this.#hasLeft) for (const { store } of this.#tabs) store.lookAgain();
      await settle();
      this.#clock.advance(1000);
      await settle();
    }
    await this.scheduler.waitIdle();
    await settle();
    this.check();
  }

  /** Once everything has come to its end, what is kept is what every tab shows, and nothing that was asked is missing. */
  checkAtRest(): void {
    const saved = comparable([...this.#shared.records.values()].filter((record) => !isTombstone(record)));
    for (const [index, { store }] of this.#tabs.entries()) {
      const shown = comparable(store.state.chats.all);
      assert(shown === saved, `tab ${index} does not show what is kept:\n${shown}\n${saved}`);
    }
    for (const tab of this.#tabs) this.#checkWriters(tab);
    for (const [text, { id }] of this.#asked) {
      assert(this.#deleted.has(id) || saved.includes(`"${text}"`), `question ${text} is lost`);
    }
  }

  /** What has not ended is shown as another tab's as long as there is one that writes it. */
  #checkWriters({ store }: Tab): void {
    const { all, running, elsewhere } = store.state.chats;
    const others = this.#tabs.filter((tab) => tab.store !== store).map((tab) => tab.store.state.chats.running);
    for (const { id } of all.flatMap(({ nodes }) => nodes.filter((node) => isRunning(node) && !running.has(node.id)))) {
      const isWritten = others.some((theirs) => theirs.has(id));
      assert(elsewhere.has(id) === isWritten, `answer ${id} is ${isWritten ? '' : 'not '}written in another tab`);
      if (isWritten) this.counts.elsewhere += 1;
    }
  }

  /** A tab that says that all is kept has written all. */
  #checkKept(): void {
    for (const tab of this.#tabs) {
      this.counts.failed += tab.failed;
      if (tab.store.state.chats.keeping.kind !== 'working') continue;
      if (tab.failed > 0) this.counts.recovered += 1;
      for (const [text, { id, tab: where }] of this.#asked) {
        const isKept = where !== tab || this.#deleted.has(id) || this.#isKept(text);
        assert(isKept, `question ${text} is not kept, and nobody says so`);
      }
      for (const id of tab.deleted) {
        const kept = this.#shared.records.get(id);
        assert(kept === undefined || isTombstone(kept), `conversation ${id} is kept although it was deleted`);
      }
    }
  }

  #isKept(text: string): boolean {
    return JSON.stringify([...this.#shared.records.values()]).includes(`"${text}"`);
  }

  #open(): Tab {
    return new Tab(this.#shared, this.#clock, this.scheduler);
  }

  #ask(tab: Tab, ask: (text: string) => Promise<void>): void {
    const text = `question ${(this.#asks += 1)}`;
    void ask(text);
    const taken = tab.store.state.messages.some((message) => message.text === text);
    if (taken) this.#asked.set(text, { id: defined(tab.store.state.chats.shown, 'what was asked in').id, tab });
  }

  #choose(store: ChatStore, chosen: Conversation | undefined, pick: number): void {
    const node = chosen?.nodes[pick % Math.max(1, chosen.nodes.length)];
    if (chosen === undefined || node === undefined) return;
    store.showChat(chosen.id);
    store.chooseVersion(node.id);
    if (chosen.nodes.filter(({ parent }) => parent === node.parent).length > 1) this.counts.versions += 1;
  }

  #delete(tab: Tab, { id, nodes }: Conversation): void {
    if (nodes.some((node) => isRunning(node))) this.counts.deletedWhileWriting += 1;
    this.#deleted.set(id, tab);
    tab.store.deleteChat(id);
    tab.deleted.add(id);
  }

  /** The tab is closed without a word, and another one is opened. What had not been written then may be lost. */
  #leave(index: number): void {
    const tab = defined(this.#tabs[index], 'a tab');
    if (tab.store.state.chats.running.size > 0) this.counts.left += 1;
    tab.isClosed = true;
    tab.conversations.die();
    this.#hasLeft = true;
    this.#tabs[index] = this.#open();
    for (const [text, { tab: where }] of this.#asked)
      if (where === tab && !this.#isKept(text)) this.#asked.delete(text);
    for (const [id, where] of this.#deleted) if (where === tab && !this.#buried.has(id)) this.#deleted.delete(id);
  }
}

/** As a file of it would be read. Which branch is shown is each tab's own. */
function comparable(records: readonly unknown[]): string {
  const sorted = records
    .map((record) => defined(parseKept(record), 'a record that can be read'))
    .toSorted((a, b) => a.id - b.id)
    .map(({ id, title, settings, nodes }) => ({ id, title, settings, nodes: nodes.toSorted((a, b) => a.id - b.id) }));
  return JSON.stringify(sorted, (_key, value: unknown) => (isPlain(value) ? ordered(value) : value));
}

const isPlain = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const ordered = (value: object): object =>
  Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)));
