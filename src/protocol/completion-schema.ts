import * as v from 'valibot';
import { MAX_PROMPT_TOKENS, parsedBody, type ParsedBody } from './request-schema';
import { MAX_INT32 } from './sampling-ranges';
import { MAX_TEXT_LENGTH, MAX_TOP_LOGPROBS, samplingEntries } from './sampling-schema';
import { integerFrom, listOf, object, refused, textOf, textOr } from './schema-fields';
import { parseInput } from './schema-parse';

export interface ParsedCompletion extends ParsedBody {
  readonly prompt: string | readonly number[];
}

const tokenIds = listOf(integerFrom(0, MAX_INT32), 1, MAX_PROMPT_TOKENS, 'token ids, or text');
/** OpenAI's way to ask for several answers at once, of which one is possible. */
const oneText = v.pipe(
  listOf(textOf(0, MAX_TEXT_LENGTH), 1, 1, 'text: send one request for each'),
  v.transform(([text = '']) => text),
);

const completionBody = object({
  prompt: textOr(
    textOf(0, MAX_TEXT_LENGTH),
    v.lazy((input) => (Array.isArray(input) && typeof input[0] === 'string' ? oneText : tokenIds)),
  ),
  logprobs: v.nullish(integerFrom(0, MAX_TOP_LOGPROBS)),
  suffix: refused('this engine does not fill in the middle'),
  echo: v.nullish(v.literal(false, 'must be false: put the prompt before the answer yourself')),
  best_of: v.nullish(v.literal(1, 'must be 1')),
  ...samplingEntries,
});

/** Reads the body of a text completion. */
export function parseCompletionBody(body: unknown): ParsedCompletion {
  const fields = parseInput(completionBody, body, 'the request body');
  return { ...parsedBody(fields, fields.logprobs ?? null), prompt: fields.prompt };
}
