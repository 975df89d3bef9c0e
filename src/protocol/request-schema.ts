import * as v from 'valibot';
import {
  boundedJson,
  boolean,
  integerFrom,
  listOf,
  object,
  oneOf,
  plainObject,
  refused,
  refusedList,
  textOf,
  textOr,
} from './schema-fields';
import { MAX_INT32 } from './sampling-ranges';
import {
  MAX_TEXT_LENGTH,
  MAX_TOP_LOGPROBS,
  samplingEntries,
  toSampling,
  type RequestedSampling,
  type SamplingFields,
} from './sampling-schema';
import { invalidField, parseInput } from './schema-parse';

/**
 * Requests are validated here and beside (`completion-schema.ts`, `evaluation-schema.ts`): the page, the worker and the daemon all read bodies through these functions.
 * Each throws `invalid-request` with the field in `param`; nothing unknown is ever ignored.
 */

const MAX_MESSAGES = 4096;
const MAX_PARTS = 1024;
export const MAX_PROMPT_TOKENS = 2 ** 20;

/** A message after validation: text parts are joined by newlines, as llama.cpp does. */
export interface ParsedMessage {
  readonly role: 'system' | 'user' | 'assistant' | 'tool' | 'developer';
  readonly content: string;
  readonly name?: string;
}

/** What chat and text completions share after validation. */
export interface ParsedBody {
  readonly model: string | null;
  readonly stream: boolean;
  readonly includeUsage: boolean;
  /** `null`: until the context ends. */
  readonly maxTokens: number | null;
  readonly sampling: RequestedSampling;
  readonly stop: readonly string[];
}

export interface ParsedChat extends ParsedBody {
  readonly messages: readonly ParsedMessage[];
  readonly templateKwargs: Readonly<Record<string, unknown>>;
}

const textPart = object({
  type: v.literal('text', 'must be "text" (images, audio and files are not supported)'),
  text: textOf(0, MAX_TEXT_LENGTH),
});

const content = v.pipe(
  textOr(textOf(0, MAX_TEXT_LENGTH), listOf(textPart, 1, MAX_PARTS, 'text parts, or text')),
  v.transform((value) => (typeof value === 'string' ? value : value.map((part) => part.text).join('\n'))),
);

const toolsComeLater = refused('tools come in a later version; leave it out');

const SEND_CONTENT = 'send the text as content';
const notText = refused(SEND_CONTENT);

const message = object({
  role: oneOf(['system', 'user', 'assistant', 'tool', 'developer']),
  content,
  name: v.optional(textOf(1, 256)),
  tool_calls: toolsComeLater,
  tool_call_id: toolsComeLater,
  function_call: toolsComeLater,
  refusal: notText,
  audio: notText,
  annotations: refusedList(SEND_CONTENT),
});

const textOnly = refused('there is text alone, and no more to it; leave it out');

const chatBody = object({
  messages: listOf(message, 1, MAX_MESSAGES, 'messages'),
  max_completion_tokens: v.nullish(integerFrom(1, MAX_INT32)),
  logprobs: v.nullish(boolean(), false),
  top_logprobs: v.nullish(integerFrom(0, MAX_TOP_LOGPROBS)),
  chat_template_kwargs: v.nullish(v.pipe(plainObject(), boundedJson(4096, 65_536)), {}),
  modalities: v.nullish(listOf(v.literal('text', 'must be "text"'), 1, 1, '"text"')),
  audio: textOnly,
  prediction: textOnly,
  web_search_options: textOnly,
  reasoning_effort: textOnly,
  verbosity: textOnly,
  ...samplingEntries,
});

const tokenIds = listOf(integerFrom(0, MAX_INT32), 0, MAX_PROMPT_TOKENS, 'token ids');

const resumption = object({ promptIds: tokenIds, emittedIds: tokenIds, seed: integerFrom(0, 2 ** 32 - 1) });

const tokenizeOptions = object({ addSpecial: v.optional(boolean(), true), parseSpecial: v.optional(boolean(), true) });
const tokenizeInput = object({ text: textOf(0, MAX_TEXT_LENGTH), options: v.optional(tokenizeOptions, {}) });

/** Reads the body of a chat completion. */
export function parseChatBody(body: unknown): ParsedChat {
  const fields = parseInput(chatBody, body, 'the request body');
  const topLogprobs = fields.top_logprobs ?? 0;
  if (topLogprobs > 0 && !fields.logprobs) throw invalidField('top_logprobs', 'needs logprobs to be true');
  return {
    ...parsedBody(fields, fields.logprobs ? topLogprobs : null),
    maxTokens: fields.max_completion_tokens ?? fields.max_tokens ?? null,
    messages: fields.messages.map(({ role, content: text, name }) => ({
      role,
      content: text,
      ...(name === undefined ? {} : { name }),
    })),
    templateKwargs: fields.chat_template_kwargs,
  };
}

/** Reads what `tokenize` is asked; both options are true by default. */
export function parseTokenize(input: { readonly text: unknown; readonly options?: unknown }): {
  readonly text: string;
  readonly options: { readonly addSpecial: boolean; readonly parseSpecial: boolean };
} {
  return parseInput(tokenizeInput, input, 'the text');
}

/** Reads what `detokenize` is asked. */
export function parseTokenIds(input: { readonly ids: unknown }): readonly number[] {
  return parseInput(object({ ids: tokenIds }), input, 'the token ids').ids;
}

/** Reads what is needed to continue an answer, besides its body. */
export function parseResumption(input: {
  readonly promptIds: unknown;
  readonly emittedIds: unknown;
  readonly seed: unknown;
}): { readonly promptIds: readonly number[]; readonly emittedIds: readonly number[]; readonly seed: number } {
  const { promptIds, emittedIds, seed } = input;
  return parseInput(resumption, { promptIds, emittedIds, seed }, 'the resumption');
}

/** What chat and text completions share. Throws `invalid-request`. */
export function parsedBody(fields: SamplingFields, topLogprobs: number | null): ParsedBody {
  if (fields.stream_options && !fields.stream) throw invalidField('stream_options', 'needs stream to be true');
  return {
    model: fields.model ?? null,
    stream: fields.stream,
    includeUsage: fields.stream_options?.include_usage ?? false,
    maxTokens: fields.max_tokens ?? null,
    sampling: toSampling(fields, topLogprobs),
    stop: fields.stop,
  };
}
