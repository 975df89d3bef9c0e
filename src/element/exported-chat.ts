import { ForgelightError } from '../base/errors';

/** A message as pages read and write it. */
export interface ChatEntry {
  readonly role: 'user' | 'assistant';
  readonly content: string;
}

/** What `exportChat()` gives and `importChat()` takes: plain data, the same as JSON. */
export interface ExportedChat {
  readonly format: 'forgelight-chat';
  readonly version: 1;
  /** The system prompt; absent where there is none. */
  readonly system?: string;
  readonly messages: readonly ChatEntry[];
}

export function exportOf(messages: readonly ChatEntry[], system: string): ExportedChat {
  return { format: 'forgelight-chat', version: 1, ...(system === '' ? {} : { system }), messages };
}

/** Reads an exported chat, as an object or as its JSON. Throws `invalid-request` naming what is wrong. */
export function parseExport(chat: unknown): ExportedChat {
  const data = typeof chat === 'string' ? parseJson(chat) : chat;
  if (!isRecord(data) || data['format'] !== 'forgelight-chat') throw invalid('chat', 'is not what exportChat() gives');
  if (data['version'] !== 1) throw invalid('version', 'must be 1: a newer version wrote this chat');
  const { system } = data;
  if (system !== undefined && typeof system !== 'string') throw invalid('system', 'must be a text');
  return exportOf(parseMessages(data['messages']), system ?? '');
}

/** Reads messages as pages give them. Throws `invalid-request`. */
export function parseMessages(messages: unknown): readonly ChatEntry[] {
  if (!Array.isArray(messages)) throw invalid('messages', 'must be an array');
  return messages.map((message: unknown, index) => {
    const where = `messages[${index}]`;
    if (!isRecord(message)) throw invalid(where, 'must be an object');
    const { role, content } = message;
    if (role !== 'user' && role !== 'assistant') {
      throw invalid(`${where}.role`, "must be 'user' or 'assistant'; the system prompt is the property system");
    }
    if (typeof content !== 'string') throw invalid(`${where}.content`, 'must be a text');
    return { role, content };
  });
}

/** Questions without an answer get an empty one: templates want the roles in turn, and an answer says that it is missing. */
export function inTurns(messages: readonly ChatEntry[]): readonly ChatEntry[] {
  return messages.flatMap((entry, index): readonly ChatEntry[] => {
    const isUnanswered = entry.role === 'user' && messages[index + 1]?.role !== 'assistant';
    return isUnanswered ? [entry, { role: 'assistant', content: '' }] : [entry];
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw invalid('chat', 'is not JSON', error);
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

function invalid(param: string, problem: string, cause?: unknown): ForgelightError {
  return new ForgelightError('invalid-request', `${param} ${problem}.`, { param, cause });
}
