import { defined } from '../base/assert';
import {
  isRunning,
  withPiece,
  type Answer,
  type AnswerStatus,
  type Message,
  type Versions,
  type Writer,
} from '../element/chat-types';
import type { ChatSettings } from './chat-settings';

/** A message in its place. An edited question stands beside the one before it, and so does another answer to the same question. */
export type Node = Message & {
  /** The message that it follows; `null`: it begins the conversation. */
  readonly parent: number | null;
  readonly atMs: number;
};

/** A value that is replaced as a whole: of two tabs' values the later one counts. */
export interface Stamped<Value> {
  readonly value: Value;
  readonly atMs: number;
}

/**
 * A tree of messages, and which of its branches is shown. Plain data, kept as it is. Times are milliseconds since 1970; ids are integers
 * that tabs draw at random. Questions never change, and an answer is changed by the tab that writes it alone, so that any two
 * copies can be put together: `merge` loses nothing.
 */
export interface Conversation {
  readonly id: number;
  readonly createdAtMs: number;
  /** Parents before their children. */
  readonly nodes: readonly Node[];
  /** `null`: it is called by its first question. */
  readonly title: Stamped<string | null>;
  readonly settings: Stamped<ChatSettings>;
  /** The last message of what is shown. */
  readonly head: Stamped<number | null>;
}

const TITLE_LETTERS = 80;

export function newConversation(id: number, settings: ChatSettings, nowMs: number): Conversation {
  return {
    id,
    createdAtMs: nowMs,
    nodes: [],
    title: { value: null, atMs: nowMs },
    settings: { value: settings, atMs: nowMs },
    head: { value: null, atMs: nowMs },
  };
}

/** What is shown: from the beginning to the head. */
export function pathOf({ nodes, head }: Conversation): readonly Node[] {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const path: Node[] = [];
  for (let id = head.value; id !== null;) {
    const node = defined(byId.get(id), 'a message of the path');
    path.push(node);
    id = node.parent;
  }
  return path.reverse();
}

/** With each word of an answer the versions of all that is shown are asked for: they are gathered once for all of them. */
const children = new WeakMap<Conversation, ReadonlyMap<number | null, readonly Node[]>>();

function childrenOf(conversation: Conversation, parent: number | null): readonly Node[] {
  const known = children.get(conversation) ?? byParent(conversation);
  children.set(conversation, known);
  return known.get(parent) ?? [];
}

function byParent({ nodes }: Conversation): ReadonlyMap<number | null, readonly Node[]> {
  const found = new Map<number | null, Node[]>();
  for (const node of nodes) {
    const { parent } = node;
    const beside = found.get(parent);
    if (beside === undefined) found.set(parent, [node]);
    else beside.push(node);
  }
  return found;
}

/** The messages that stand where `node` does, oldest first. Failed tries without a word are no choice, unless they are shown. */
export function versionsOf(conversation: Conversation, node: Node): Versions {
  const beside = childrenOf(conversation, node.parent)
    .filter((other) => other.id === node.id || !isFailedTry(other))
    .toSorted(byTime);
  const index = beside.findIndex(({ id }) => id === node.id);
  return {
    position: index + 1,
    count: beside.length,
    previous: beside[index - 1]?.id ?? null,
    next: beside[index + 1]?.id ?? null,
  };
}

/** Of its messages. */
export function idsOf({ nodes }: Conversation): ReadonlySet<number> {
  return new Set(nodes.map(({ id }) => id));
}

export function nodeOf({ nodes }: Conversation, id: number): Node | null {
  return nodes.find((node) => node.id === id) ?? null;
}

/** With a question after `parent`, and shown to its end. */
export function withQuestion(
  conversation: Conversation,
  question: { readonly id: number; readonly text: string; readonly parent: number | null },
  nowMs: number,
): Conversation {
  return withNode(conversation, { role: 'user', ...question, atMs: nowMs });
}

/** With an answer to `question` that is yet to come, and shown to its end. */
export function withAnswer(conversation: Conversation, question: number, id: number, nowMs: number): Conversation {
  const status = { kind: 'reading' } as const;
  return withNode(conversation, {
    role: 'assistant',
    id,
    text: '',
    status,
    firstTokenMs: null,
    parent: question,
    atMs: nowMs,
  });
}

/** What comes for an answer that has ended changes nothing. */
export function withText(
  conversation: Conversation,
  id: number,
  text: string,
  sinceAskedMs: number,
  writer?: Writer,
): Conversation {
  return withChange(conversation, id, (answer) => withPiece(answer, text, sinceAskedMs, writer));
}

export function withEnd(conversation: Conversation, id: number, status: AnswerStatus): Conversation {
  return withChange(conversation, id, (answer) => ({ ...answer, status }));
}

/** Shown through the message `id` to the newest end behind it. */
export function withShown(conversation: Conversation, id: number, nowMs: number): Conversation {
  if (nodeOf(conversation, id) === null) return conversation;
  let end = id;
  for (;;) {
    const next = childrenOf(conversation, end).toSorted(byTime).at(-1);
    if (next === undefined) return withHead(conversation, end, nowMs);
    end = next.id;
  }
}

/** `null`, or nothing but blanks: called by its first question again. */
export function withTitle(conversation: Conversation, title: string | null, nowMs: number): Conversation {
  const trimmed = title?.trim() ?? '';
  return { ...conversation, title: restamp(conversation.title, trimmed === '' ? null : trimmed, nowMs) };
}

export function withSettings(conversation: Conversation, settings: ChatSettings, nowMs: number): Conversation {
  return { ...conversation, settings: restamp(conversation.settings, settings, nowMs) };
}

/**
 * All that is in either copy; `a` itself where it has all of it. Whatever the order in which copies are put together, the same comes
 * of it. Of what only a newer version knows, that of `b` counts, which is the one on the disk.
 */
export function merge(a: Conversation, b: Conversation): Conversation {
  const nodes = new Map(a.nodes.map((node) => [node.id, node]));
  for (const node of b.nodes) nodes.set(node.id, fuller(nodes.get(node.id) ?? node, node));
  const merged: Conversation = {
    ...a,
    ...b,
    id: a.id,
    createdAtMs: Math.min(a.createdAtMs, b.createdAtMs),
    nodes: [...nodes.values()],
    title: later(a.title, b.title),
    settings: later(a.settings, b.settings),
    head: later(a.head, b.head),
  };
  return isSame(a, merged) ? a : merged;
}

/** `null` where nothing was asked. */
export function titleOf(conversation: Conversation): string | null {
  if (conversation.title.value !== null) return conversation.title.value;
  const first =
    pathOf(conversation)
      .find(({ role }) => role === 'user')
      ?.text.replaceAll(/\s+/g, ' ')
      .trim() ?? '';
  const letters = Array.from(first);
  if (letters.length === 0) return null;
  return letters.length > TITLE_LETTERS ? `${letters.slice(0, TITLE_LETTERS - 1).join('')}…` : first;
}

/** When something was last said in it. */
export function changedAtMs({ nodes, createdAtMs }: Conversation): number {
  return nodes.reduce((latest, { atMs }) => Math.max(latest, atMs), createdAtMs);
}

const folded = new WeakMap<Conversation, readonly string[]>();

/** Whether title or texts hold `query`, whatever its case and accents. */
export function matches(conversation: Conversation, query: string): boolean {
  const texts =
    folded.get(conversation) ?? [titleOf(conversation) ?? '', ...conversation.nodes.map(({ text }) => text)].map(fold);
  folded.set(conversation, texts);
  const wanted = fold(query.trim());
  return texts.some((text) => text.includes(wanted));
}

function fold(text: string): string {
  return text.normalize('NFD').replaceAll(/\p{M}/gu, '').toLowerCase();
}

function isFailedTry(node: Node): boolean {
  return node.role === 'assistant' && node.status.kind === 'failed' && node.text === '';
}

function byTime(a: Node, b: Node): number {
  return a.atMs - b.atMs || a.id - b.id;
}

function withNode(conversation: Conversation, node: Node): Conversation {
  return withHead({ ...conversation, nodes: [...conversation.nodes, node] }, node.id, node.atMs);
}

function withHead(conversation: Conversation, id: number, nowMs: number): Conversation {
  return { ...conversation, head: restamp(conversation.head, id, nowMs) };
}

function withChange(conversation: Conversation, id: number, change: (answer: Answer) => Answer): Conversation {
  const nodes = conversation.nodes.map((node) =>
    node.id === id && isRunning(node) ? { ...change(node), parent: node.parent, atMs: node.atMs } : node,
  );
  return { ...conversation, nodes };
}

/** Later than what it replaces, whatever the clocks say. */
function restamp<Value>({ atMs }: Stamped<Value>, value: Value, nowMs: number): Stamped<Value> {
  return { value, atMs: Math.max(nowMs, atMs + 1) };
}

function later<Value>(a: Stamped<Value>, b: Stamped<Value>): Stamped<Value> {
  if (a.atMs !== b.atMs) return a.atMs > b.atMs ? a : b;
  return JSON.stringify(a.value) >= JSON.stringify(b.value) ? a : b;
}

/** Answers only grow until they end. Nothing else of a message changes, but a newer version may have added to it. */
function fuller(a: Node, b: Node): Node {
  const richer = Object.keys(b).length > Object.keys(a).length ? b : a;
  if (a.role === 'user' || b.role === 'user') return richer;
  if (isRunning(a) !== isRunning(b)) return isRunning(a) ? b : a;
  if (a.text.length !== b.text.length) return b.text.length > a.text.length ? b : a;
  return richer;
}

function isSame(a: Conversation, b: Conversation): boolean {
  const own: Readonly<Record<string, unknown>> = { ...a };
  return (
    a.nodes.length === b.nodes.length &&
    a.nodes.every((node, index) => node === b.nodes[index]) &&
    Object.entries(b).every(
      ([key, value]) => key === 'nodes' || own[key] === value || JSON.stringify(own[key]) === JSON.stringify(value),
    )
  );
}
