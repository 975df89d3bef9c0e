import * as v from 'valibot';
import { ERROR_CODES, ForgelightError } from '../base/errors';
import { inTurns, parseExport } from '../element/exported-chat';
import { endOf, isRunning, type AnswerStatus } from '../element/chat-types';
import { DEFAULT_SETTINGS, parseSettings } from './chat-settings';
import { newConversation, withEnd, type Conversation, type Node } from './conversation';
import { TEXT } from './messages';

const FORMAT = 'forgelight-conversations';
const VERSION = 1;

const id = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const timeMs = v.pipe(v.number(), v.finite());
const figure = v.pipe(v.number(), v.finite());

/** What a newer version has added to a record is written back with it. */
const record = v.looseObject;

const timings = record({
  prompt_n: figure,
  prompt_ms: figure,
  prompt_per_second: figure,
  predicted_n: figure,
  predicted_ms: figure,
  predicted_per_second: figure,
  cache_n: figure,
});

const status = v.variant('kind', [
  v.object({ kind: v.picklist(['reading', 'writing', 'stopped']) }),
  record({
    kind: v.literal('finished'),
    reason: v.picklist(['stop', 'length', 'tool_calls']),
    // Of no worth beside what was said.
    timings: v.fallback(v.nullable(timings), null),
  }),
  record({
    kind: v.literal('failed'),
    // A newer version may know more of them.
    failure: v.object({
      code: v.fallback(v.picklist([...ERROR_CODES, 'unexpected']), 'unexpected'),
      detail: v.string(),
    }),
  }),
]);

/** What wrote an answer, where a version that knew that wrote it down. */
const devices = v.exactOptional(v.array(record({ kind: v.string(), name: v.string() })));

const place = { id, text: v.string(), parent: v.nullable(id), atMs: timeMs };

const node = v.variant('role', [
  record({ role: v.literal('user'), ...place }),
  record({ role: v.literal('assistant'), ...place, status, firstTokenMs: v.nullable(figure), devices }),
]);

const settings = v.pipe(v.unknown(), v.transform(parseSettings));

const conversation = v.pipe(
  record({
    id,
    createdAtMs: timeMs,
    nodes: v.pipe(
      v.array(node),
      v.check(
        (nodes) => isTree(nodes),
        'Each message needs an id of its own, and must stand behind the one that it follows.',
      ),
    ),
    title: v.object({ value: v.nullable(v.string()), atMs: timeMs }),
    settings: v.object({ value: settings, atMs: timeMs }),
    head: v.object({ value: v.nullable(id), atMs: timeMs }),
  }),
  v.check(
    ({ nodes, head }) => head.value === null || nodes.some(({ id: nodeId }) => nodeId === head.value),
    'The head must be one of the messages.',
  ),
);

const file = v.object({ format: v.literal(FORMAT), version: v.literal(VERSION), conversations: v.array(conversation) });

/** Conversations as JSON, to be read by `parseFile` here or in another browser. */
export function fileOf(conversations: readonly Conversation[]): string {
  return JSON.stringify({ format: FORMAT, version: VERSION, conversations: conversations.map(ended) }, null, 1);
}

/** A conversation as the database has it; `null` where a version that this one does not know wrote it. */
export function parseKept(kept: unknown): Conversation | null {
  const parsed = v.safeParse(conversation, kept);
  return parsed.success ? parsed.output : null;
}

/**
 * Reads what `fileOf` or the element's `exportChat` has written. Throws `invalid-request` with a sentence of what is wrong with the file;
 * `newId` gives ids to a chat of the element, which has none.
 */
export function parseFile(text: string, newId: () => number, nowMs: number): readonly Conversation[] {
  const data = parseJson(text);
  if (formatOf(data) === 'forgelight-chat') return [ofExport(data, newId, nowMs)];
  if (formatOf(data) !== FORMAT) throw wrong(TEXT.chats.wrongFormat);
  const parsed = v.safeParse(file, data);
  if (parsed.success) return parsed.output.conversations.map(ofFile);
  const [issue] = parsed.issues;
  const path = v.getDotPath(issue);
  throw wrong(TEXT.chats.wrongPart(path ?? 'file', issue.message));
}

/** A file says nothing of a conversation but what it is: what else a record may hold, as of its deletion, is this browser's own. */
function ofFile({ id: own, createdAtMs, nodes, title, settings: theirs, head }: Conversation): Conversation {
  return ended({ id: own, createdAtMs, nodes, title, settings: theirs, head });
}

/** Nobody writes on in a file. */
function ended(kept: Conversation): Conversation {
  const stopped: AnswerStatus = { kind: 'stopped' };
  return kept.nodes.filter(isRunning).reduce((rest, { id: answer }) => withEnd(rest, answer, stopped), kept);
}

function ofExport(data: unknown, newId: () => number, nowMs: number): Conversation {
  const { system = '', messages } = parseExport(data);
  let parent: number | null = null;
  const nodes = inTurns(messages).map(({ role, content: text }, index): Node => {
    const placed = { id: newId(), text, parent, atMs: nowMs + index };
    parent = placed.id;
    if (role === 'user') return { role, ...placed };
    return { role, ...placed, status: endOf(text), firstTokenMs: null };
  });
  const empty = newConversation(newId(), { ...DEFAULT_SETTINGS, system }, nowMs);
  return { ...empty, nodes, head: { value: parent, atMs: nowMs } };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw wrong(TEXT.chats.noJson, error);
  }
}

function formatOf(data: unknown): unknown {
  return typeof data === 'object' && data !== null && 'format' in data ? data.format : null;
}

function isTree(nodes: readonly Pick<Node, 'id' | 'parent'>[]): boolean {
  const before = new Set<number>();
  return nodes.every(({ id: own, parent }) => {
    const isPlaced = !before.has(own) && (parent === null || before.has(parent));
    before.add(own);
    return isPlaced;
  });
}

function wrong(problem: string, cause?: unknown): ForgelightError {
  return new ForgelightError('invalid-request', problem, { param: 'file', cause });
}
