import type { Clock } from '../base/clock';
import { ForgelightError } from '../base/errors';
import { isRunning, type AnswerStatus, type Message, type Writer } from '../element/chat-types';
import { AnswerWriters } from './answer-writers';
import { DEFAULT_SETTINGS, readSettings, type ChatSettings } from './chat-settings';
import * as tree from './conversation';
import type { Conversation } from './conversation';
import { fileOf, parseFile, parseKept } from './conversation-file';
import { idOf, isTombstone, type ConversationPorts, type Tombstone } from './conversation-ports';
import { ConversationSaver } from './conversation-saver';
import { NO_CONVERSATIONS, newestFirst, shownMessages, type Conversations, type Keeping } from './conversations';

/** Deleted conversations are remembered so long. A tab that is open for longer and still has one may bring it back. */
const TOMBSTONE_MS = 30 * 24 * 3600 * 1000;

export type ConversationNews =
  | { readonly type: 'changed' }
  /** Another tab has deleted it: its answers must be stopped. */
  | { readonly type: 'deleted-elsewhere'; readonly conversation: Conversation }
  | { readonly type: 'keeping'; readonly keeping: Keeping };

/** An answer that is to be written now. */
export interface Asked {
  readonly conversationId: number;
  readonly answerId: number;
  readonly settings: ChatSettings;
  /** What the model is to read: all before the answer. */
  readonly messages: readonly Message[];
}

/** Owns the conversations, those of earlier visits and of other tabs with them, and writes down what changes. */
export class ConversationStore {
  readonly #ports: ConversationPorts;
  readonly #clock: Clock;
  readonly #tell: (news: ConversationNews) => void;
  readonly #reportError: (error: unknown) => void;
  readonly #saver: ConversationSaver;
  readonly #writers: AnswerWriters;
  readonly #byId = new Map<number, Conversation>();
  /** Answers that this tab writes, with their conversations. */
  readonly #running = new Map<number, number>();
  /** Never to be taken up again, whatever a late look at the database finds; with what this tab leaves of those it has deleted. */
  readonly #deleted = new Map<number, Tombstone | null>();
  #shownId: number | null = null;
  #unreadable = 0;
  /** What a new conversation begins with. */
  #settings = DEFAULT_SETTINGS;
  #keeping: Keeping = { kind: 'asking' };
  /** Somebody has chosen what is shown, or said something: what was shown last time is no longer wanted. */
  #isUsed = false;
  #state = NO_CONVERSATIONS;

  constructor(
    ports: ConversationPorts,
    world: { readonly clock: Clock; reportError(error: unknown): void },
    tell: (news: ConversationNews) => void,
  ) {
    this.#ports = ports;
    this.#clock = world.clock;
    this.#reportError = (error) => world.reportError(error);
    this.#tell = tell;
    this.#writers = new AnswerWriters(ports.locks, (answer, id) => void this.#writerGone(answer, id));
    this.#saver = new ConversationSaver({
      database: ports.database,
      clock: world.clock,
      current: (id) => this.#byId.get(id) ?? this.#deleted.get(id) ?? null,
      saved: (id, conversation) => this.#saved(id, conversation),
      gone: (id) => {
        this.#goneElsewhere(id);
        this.#keepsAgain();
      },
      failed: (error) => this.#failed(error),
    });
    ports.channel.listen((message) => void this.#hear(message));
  }

  get state(): Conversations {
    return this.#state;
  }

  conversationOf(answerId: number): Conversation | null {
    return this.#byId.get(this.#running.get(answerId) ?? -1) ?? null;
  }

  /** The page was away, and may have missed news: where there are any, all is read. */
  async lookAgain(): Promise<void> {
    try {
      if (!(await this.#ports.database.hasNews())) return await this.#lookForWriters();
    } catch (error) {
      return this.#failedToRead(error);
    }
    await this.readKept();
  }

  /** Takes up what is kept, at the start and when there is more. */
  async readKept(): Promise<void> {
    let found: readonly (Conversation | Tombstone | null)[];
    try {
      const kept = await this.#ports.database.readAll();
      found = kept.map((one) => (isTombstone(one) ? one : parseKept(one)));
    } catch (error) {
      return this.#failedToRead(error);
    }
    this.#unreadable = found.filter((one) => one === null).length;
    const readable = found.filter((one): one is Conversation => one !== null && !isTombstone(one));
    await Promise.all(readable.map((one) => this.#writers.look(one)));
    const isFirst = this.#keeping.kind === 'asking' || this.#keeping.kind === 'blocked';
    // What was said before anybody knew whether it is kept. Later, what is missing may have been cleared on purpose.
    const unkept = isFirst ? [...this.#byId.keys()] : [];
    if (isFirst) this.#keep({ kind: 'working' });
    for (const kept of found) {
      if (isTombstone(kept)) this.#bury(kept.id, kept.deletedAtMs);
      else this.#takeUp(kept);
    }
    this.#showRemembered();
    for (const id of unkept) this.#saver.save(id);
    this.#change();
  }

  /** `null`: a new one. */
  show(id: number | null): void {
    if (id !== null && !this.#byId.has(id)) return;
    this.#isUsed = true;
    this.#shownId = id;
    this.#ports.remembered.write(id);
    this.#change();
  }

  /** Asks in the shown conversation, after what is shown of it; or beside `inPlaceOf`, a question of it. */
  ask(text: string, inPlaceOf: number | null = null): Asked | null {
    const nowMs = this.#clock.now();
    const conversation = this.#state.shown ?? tree.newConversation(this.#newId(this.#byId), this.#settings, nowMs);
    const replaced = inPlaceOf === null ? null : tree.nodeOf(conversation, inPlaceOf);
    if (inPlaceOf !== null && replaced?.role !== 'user') return null;
    const parent = replaced === null ? conversation.head.value : replaced.parent;
    const id = this.#newId(tree.idsOf(conversation));
    return this.#begin(tree.withQuestion(conversation, { id, text, parent }, nowMs), id);
  }

  /** Asks the question of an answer of the shown conversation again: another answer beside it. */
  askAgain(answerId: number): Asked | null {
    const { shown } = this.#state;
    const answer = shown === null ? null : tree.nodeOf(shown, answerId);
    const question = shown === null || answer?.role !== 'assistant' ? null : tree.nodeOf(shown, answer.parent ?? -1);
    return shown === null || question?.role !== 'user' ? null : this.#begin(shown, question.id);
  }

  /** These change nothing where the answer is not one that this tab writes: the first end counts. Whether it did. */
  grow(answerId: number, text: string, sinceAskedMs: number, writer?: Writer): boolean {
    const conversation = this.conversationOf(answerId);
    if (conversation === null) return false;
    this.#set(tree.withText(conversation, answerId, text, sinceAskedMs, writer), 'soon');
    return true;
  }

  end(answerId: number, status: AnswerStatus): boolean {
    const conversation = this.conversationOf(answerId);
    if (!this.#running.delete(answerId) || conversation === null) return false;
    this.#set(tree.withEnd(conversation, answerId, status), 'now');
    if (this.#keeping.kind === 'blocked') this.#letGo();
    return true;
  }

  /** Shows the branch of a message of the shown conversation. */
  choose(id: number): void {
    const { shown } = this.#state;
    if (shown !== null) this.#set(tree.withShown(shown, id, this.#clock.now()), 'now');
  }

  rename(id: number, title: string): void {
    const conversation = this.#byId.get(id);
    if (conversation !== undefined) this.#set(tree.withTitle(conversation, title, this.#clock.now()), 'now');
  }

  /** Those of the shown conversation, and of new ones from now on. */
  changeSettings(settings: ChatSettings): void {
    this.#isUsed = true;
    this.#beginWith(settings);
    const { shown } = this.#state;
    if (shown === null) this.#change();
    else this.#set(tree.withSettings(shown, settings, this.#clock.now()), 'now');
  }

  /** Its answers must have been stopped. */
  delete(id: number): void {
    if (!this.#drop(id, { id, deletedAtMs: this.#clock.now() })) return;
    this.#change();
    if (this.#keeping.kind !== 'blocked') this.#saver.save(id);
  }

  /** As JSON; `null`: all of them. */
  export(id: number | null): string {
    return fileOf(this.#state.all.filter((conversation) => id === null || conversation.id === id));
  }

  /**
   * Takes up what `export` has written. Nothing that is here changes: what is here already is counted and left, everything else
   * keeps its id where that is free. Throws `invalid-request` with what is wrong with the file, of which nothing is taken then.
   */
  import(text: string): { readonly imported: number; readonly known: number } {
    const found = parseFile(text, () => this.#newId(this.#byId), this.#clock.now());
    const fresh = found.filter((conversation) => !this.#holds(conversation));
    for (const conversation of fresh) {
      const isFree = !this.#byId.has(conversation.id) && !this.#deleted.has(conversation.id);
      const id = isFree ? conversation.id : this.#newId(this.#byId);
      this.#byId.set(id, { ...conversation, id });
      if (this.#keeping.kind !== 'blocked') this.#saver.save(id);
    }
    this.#change();
    return { imported: fresh.length, known: found.length - fresh.length };
  }

  /** The page may end: what waits to be written is written now. */
  flush(): void {
    this.#saver.flush();
  }

  #begin(conversation: Conversation, question: number): Asked {
    const { id: conversationId, settings } = conversation;
    const answerId = this.#newId(tree.idsOf(conversation));
    const asked = tree.withAnswer(conversation, question, answerId, this.#clock.now());
    this.#beginWith(settings.value);
    this.#running.set(answerId, conversationId);
    this.#writers.hold(answerId);
    this.#isUsed = true;
    this.#shownId = conversationId;
    this.#ports.remembered.write(conversationId);
    this.#set(asked, 'now');
    const messages = shownMessages(asked, this.#state);
    return { conversationId, answerId, settings: settings.value, messages };
  }

  /** Also under the id that it got where its own was not free. */
  #holds({ id, nodes }: Conversation): boolean {
    return [...this.#byId.values()].some((here) => {
      if (here.id !== id && (nodes.length === 0 || here.nodes[0]?.id !== nodes[0]?.id)) return false;
      return nodes.every((node) => {
        const own = tree.nodeOf(here, node.id);
        return own?.role === node.role && own.text === node.text && own.parent === node.parent;
      });
    });
  }

  #newId(taken: { has(id: number): boolean }): number {
    for (;;) {
      const id = this.#ports.newId();
      if (!taken.has(id) && !this.#deleted.has(id)) return id;
    }
  }

  #set(conversation: Conversation, when: 'now' | 'soon'): void {
    const { id } = conversation;
    this.#byId.set(id, conversation);
    if (this.#keeping.kind === 'working' || this.#keeping.kind === 'failing') {
      if (when === 'now') this.#saver.save(id);
      else this.#saver.saveSoon(id);
    }
    this.#change();
  }

  /** What other tabs added to a conversation joins it, but leads nobody away from what is shown or written here. */
  #takeUp(kept: Conversation | null): void {
    if (kept === null || this.#deleted.has(kept.id)) return;
    const own = this.#byId.get(kept.id);
    if (own === undefined) {
      this.#byId.set(kept.id, kept);
      return;
    }
    const merged = tree.merge(own, kept);
    const isInUse = this.#shownId === kept.id || [...this.#running.values()].includes(kept.id);
    const leadsOn = own.head.value === null || tree.pathOf(merged).some(({ id }) => id === own.head.value);
    this.#byId.set(kept.id, isInUse && !leadsOn ? { ...merged, head: own.head } : merged);
  }

  #saved(id: number, written: Conversation | null): void {
    const isWritten = (answerId: number): boolean => {
      const node = written === null ? null : tree.nodeOf(written, answerId);
      return node !== null && !isRunning(node);
    };
    this.#writers.letGo(isWritten);
    this.#takeUp(written);
    this.#keepsAgain();
    this.#ports.channel.post({ id });
    this.#change();
  }

  /** Not before everything that could not be written is. */
  #keepsAgain(): void {
    if (this.#keeping.kind === 'failing' && !this.#saver.isBehind) this.#keep({ kind: 'working' });
  }

  async #hear(message: unknown): Promise<void> {
    const id = idOf(message);
    if (id === null || this.#keeping.kind === 'blocked') return;
    try {
      const kept = await this.#ports.database.read(id);
      const conversation = isTombstone(kept) ? null : parseKept(kept);
      if (conversation !== null) await this.#writers.look(conversation);
      if (isTombstone(kept)) this.#goneElsewhere(id);
      else this.#takeUp(conversation);
      this.#change();
    } catch (error) {
      this.#failed(error);
    }
  }

  /** What is left of what the other tab wrote shows as what it is once all of that is here. */
  async #writerGone(answerId: number, id: number): Promise<void> {
    await this.#hear({ id });
    this.#writers.forget(answerId);
    this.#change();
  }

  /** Whoever wrote may have died while nobody here waited for it. */
  async #lookForWriters(): Promise<void> {
    await Promise.all([...this.#byId.values()].map((conversation) => this.#writers.look(conversation)));
    this.#change();
  }

  /** Nothing more of what is over will be written, for now. */
  #letGo(): void {
    this.#writers.letGo((answerId) => !this.#running.has(answerId));
  }

  #bury(id: number, deletedAtMs: number): void {
    this.#goneElsewhere(id);
    if (this.#clock.now() - deletedAtMs < TOMBSTONE_MS) return;
    void this.#ports.database.remove(id).catch((error: unknown) => this.#failed(error));
  }

  #goneElsewhere(id: number): void {
    const conversation = this.#byId.get(id);
    this.#drop(id);
    if (conversation === undefined) return;
    this.#change();
    this.#tell({ type: 'deleted-elsewhere', conversation });
  }

  #drop(id: number, left: Tombstone | null = null): boolean {
    this.#deleted.set(id, left);
    const answers = [...this.#running].filter(([, conversationId]) => conversationId === id).map(([answer]) => answer);
    for (const answer of answers) this.#running.delete(answer);
    this.#writers.letGo((answer) => answers.includes(answer));
    if (this.#shownId === id) {
      this.#shownId = null;
      this.#ports.remembered.write(null);
    }
    return this.#byId.delete(id);
  }

  #showRemembered(): void {
    if (this.#isUsed) return;
    this.#isUsed = true;
    const id = this.#ports.remembered.read();
    if (id !== null && this.#byId.has(id)) this.#shownId = id;
    const newest = [...this.#byId.values()].toSorted((a, b) => b.settings.atMs - a.settings.atMs)[0];
    this.#settings = readSettings(this.#ports.settings.read()) ?? newest?.settings.value ?? this.#settings;
  }

  #beginWith(settings: ChatSettings): void {
    this.#settings = settings;
    this.#ports.settings.write(JSON.stringify(settings));
  }

  /** Site data is blocked, or what is there cannot be read: then nothing is written over it either. */
  #failedToRead(error: unknown): void {
    if (!(error instanceof DOMException)) this.#reportError(error);
    if (this.#keeping.kind === 'asking') this.#keep({ kind: 'blocked' });
    else if (this.#keeping.kind !== 'blocked') this.#failed(error);
  }

  #failed(error: unknown): void {
    this.#letGo();
    if (!(error instanceof DOMException || error instanceof ForgelightError)) this.#reportError(error);
    if (this.#keeping.kind === 'failing') return;
    this.#keep({ kind: 'failing', reason: error instanceof Error ? error.message : String(error) });
  }

  #keep(keeping: Keeping): void {
    this.#keeping = keeping;
    this.#change();
    this.#tell({ type: 'keeping', keeping });
  }

  #change(): void {
    const shown = this.#byId.get(this.#shownId ?? -1) ?? null;
    this.#state = {
      all: newestFirst(this.#byId.values()),
      shown,
      settings: shown?.settings.value ?? this.#settings,
      running: new Set(this.#running.keys()),
      elsewhere: this.#writers.elsewhere,
      keeping: this.#keeping,
      unreadable: this.#unreadable,
    };
    this.#tell({ type: 'changed' });
  }
}
