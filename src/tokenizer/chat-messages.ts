import { ForgelightError } from '../base/errors';

/** A message as OpenAI's API has it; what else it holds (`name` …) is handed to the template as it is. */
export interface TemplateMessage {
  readonly role: string;
  readonly content?: string | readonly { readonly type: string; readonly text?: string }[] | null;
}

/** What a template sees of a message. */
export interface PlainMessage {
  readonly role: string;
  readonly content: string;
}

const MAX_MESSAGES = 4096;
const MAX_DEPTH = 32;

/** Messages with plain text contents: what templates understand. Throws `invalid-request` naming the message at fault. */
export function plainMessages(messages: readonly TemplateMessage[]): readonly PlainMessage[] {
  if (messages.length > MAX_MESSAGES) {
    throw invalid(
      'messages',
      `The conversation has ${messages.length} messages, more than ${MAX_MESSAGES}. Leave old ones out.`,
    );
  }
  return messages.map((message, index) => {
    if (typeof message.role !== 'string') throw invalid(`messages[${index}].role`, 'A message needs a role.');
    const plain = { ...message, content: plainContent(message.content, `messages[${index}].content`) };
    assertPlainData(plain, `messages[${index}]`);
    return plain;
  });
}

/** Text parts are joined by line ends, as llama.cpp joins them. */
function plainContent(content: TemplateMessage['content'], param: string): string {
  if (content === undefined || content === null) return '';
  if (typeof content === 'string') return content;
  const texts = content.map((part, index) => {
    if (part.type === 'text' && typeof part.text === 'string') return part.text;
    throw invalid(
      `${param}[${index}]`,
      `Content parts of type ${JSON.stringify(part.type)} are not supported. Send text.`,
    );
  });
  return texts.join('\n');
}

/** Refuses what is not JSON (functions would be callable from the template) and nesting that would exhaust the stack. */
export function assertPlainData(value: unknown, param: string, depth = 0): void {
  if (depth > MAX_DEPTH) throw invalid(param, `${param} is nested more than ${MAX_DEPTH} levels deep.`);
  if (value === null || ['string', 'number', 'boolean', 'undefined'].includes(typeof value)) return;
  if (typeof value !== 'object') throw invalid(param, `${param} holds a ${typeof value}. Send plain data.`);
  for (const entry of Object.values(value)) assertPlainData(entry, param, depth + 1);
}

export function invalid(param: string, message: string): ForgelightError {
  return new ForgelightError('invalid-request', message, { param });
}
