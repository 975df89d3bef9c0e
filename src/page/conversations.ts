import { isRunning, type Message, type Versions } from '../element/chat-types';
import { DEFAULT_SETTINGS, type ChatSettings } from './chat-settings';
import { changedAtMs, pathOf, versionsOf, titleOf, type Conversation } from './conversation';
import { TEXT } from './messages';

/** What becomes of what is said. */
export type Keeping =
  /** The browser has not yet said whether it keeps anything. */
  | { readonly kind: 'asking' }
  | { readonly kind: 'working' }
  /** Site data is blocked. */
  | { readonly kind: 'blocked' }
  /** Something could not be written; the next change tries again. */
  | { readonly kind: 'failing'; readonly reason: string };

/** All conversations. Immutable. */
export interface Conversations {
  /** Those in which something was last said first. */
  readonly all: readonly Conversation[];
  /** `null`: a new one, of which there is nothing yet. */
  readonly shown: Conversation | null;
  /** Of the shown one, also of a new one. */
  readonly settings: ChatSettings;
  /** Answers that this tab writes. */
  readonly running: ReadonlySet<number>;
  /** Answers that other tabs write. Those that have not ended and are neither were cut off with their tab. */
  readonly elsewhere: ReadonlySet<number>;
  readonly keeping: Keeping;
  /** Kept ones that this version of the page cannot read, and leaves alone. */
  readonly unreadable: number;
}

export const NO_CONVERSATIONS: Conversations = {
  all: [],
  shown: null,
  settings: DEFAULT_SETTINGS,
  running: new Set(),
  elsewhere: new Set(),
  keeping: { kind: 'asking' },
  unreadable: 0,
};

/** A conversation as a list shows it. */
export interface Summary {
  readonly id: number;
  readonly title: string;
  readonly changedAtMs: number;
}

/** Conversations never change, and the list is made anew with each word of an answer: of most of them nothing has to be. */
const summaries = new WeakMap<Conversation, Summary>();

export function summaryOf(conversation: Conversation): Summary {
  const known = summaries.get(conversation);
  if (known !== undefined) return known;
  const summary = {
    id: conversation.id,
    title: titleOf(conversation) ?? TEXT.chats.untitled,
    changedAtMs: changedAtMs(conversation),
  };
  summaries.set(conversation, summary);
  return summary;
}

/** Whether a list shows the same of both: with each word of an answer it does. */
export function areListedAlike(a: Conversations, b: Conversations): boolean {
  if (a.all.length !== b.all.length || a.shown?.id !== b.shown?.id) return false;
  if (a.unreadable !== b.unreadable) return false;
  if (!areSame(a.running, b.running) || !areSame(a.elsewhere, b.elsewhere)) return false;
  return a.all.every((one, index) => {
    const other = b.all[index];
    if (one === other) return true;
    if (other === undefined || one.id !== other.id) return false;
    const [now, before] = [summaryOf(one), summaryOf(other)];
    return now.title === before.title && now.changedAtMs === before.changedAtMs;
  });
}

function areSame(a: ReadonlySet<number>, b: ReadonlySet<number>): boolean {
  return a.size === b.size && [...a].every((id) => b.has(id));
}

/** Those in which something was last said first. */
export function newestFirst(conversations: Iterable<Conversation>): readonly Conversation[] {
  return [...conversations].toSorted((a, b) => summaryOf(b).changedAtMs - summaryOf(a).changedAtMs || b.id - a.id);
}

/** What is shown of a conversation. An answer that nobody writes any more has stopped. */
export function shownMessages(
  conversation: Conversation,
  { running, elsewhere }: Pick<Conversations, 'running' | 'elsewhere'>,
): readonly Message[] {
  return pathOf(conversation).map((node) =>
    isRunning(node) && !running.has(node.id)
      ? { ...node, status: { kind: elsewhere.has(node.id) ? 'elsewhere' : 'stopped' } }
      : node,
  );
}

/** Of the messages that are shown, those that have others beside them. */
export function shownVersions(conversation: Conversation): ReadonlyMap<number, Versions> {
  const all = pathOf(conversation).map((node) => [node.id, versionsOf(conversation, node)] as const);
  return new Map(all.filter(([, { count }]) => count > 1));
}
