import * as v from 'valibot';
import { MAX_PROMPT_TOKENS } from './request-schema';
import { MAX_INT32 } from './sampling-ranges';
import { MAX_TEXT_LENGTH } from './sampling-schema';
import { ignored, integerFrom, listOf, object, oneOf, refused, textOf } from './schema-fields';
import { parseInput } from './schema-parse';

/** As many as OpenAI takes. */
const MAX_INPUTS = 2048;

/** A text, or its token ids. */
export type EmbeddingInput = string | readonly number[];

export interface ParsedEmbedding {
  readonly model: string | null;
  readonly inputs: readonly EmbeddingInput[];
  /** What messages call each input: `input`, or `input[3]` of several. */
  readonly names: readonly string[];
  readonly encodingFormat: 'float' | 'base64';
}

const text = textOf(1, MAX_TEXT_LENGTH);
const ids = listOf(integerFrom(0, MAX_INT32), 1, MAX_PROMPT_TOKENS, 'token ids');
const texts = listOf(text, 1, MAX_INPUTS, 'texts');
const idLists = listOf(ids, 1, MAX_INPUTS, 'arrays of token ids');
const other = v.custom<string>(() => false, 'must be text, token ids, or an array of one of them');

/** What the first element is decides what all must be. */
const input = v.lazy((value): typeof text | typeof texts | typeof ids | typeof idLists | typeof other => {
  if (typeof value === 'string') return text;
  if (!Array.isArray(value)) return other;
  const [first] = value as readonly unknown[];
  if (Array.isArray(first)) return idLists;
  return typeof first === 'number' ? ids : texts;
});

const embeddingBody = object({
  input,
  model: v.nullish(textOf(1, 1024)),
  encoding_format: v.nullish(oneOf(['float', 'base64']), 'float'),
  dimensions: refused('a model gives embeddings of one size; cut and scale them yourself if it was trained for that'),
  user: ignored(),
});

/** Reads the body of a request for embeddings. Throws `invalid-request` with the field in `param`. */
export function parseEmbeddingBody(body: unknown): ParsedEmbedding {
  const fields = parseInput(embeddingBody, body, 'the request body');
  const single = singleInput(fields.input);
  const inputs = single === null ? (fields.input as readonly EmbeddingInput[]) : [single];
  return {
    model: fields.model ?? null,
    inputs,
    names: inputs.map((_, i) => (single === null ? `input[${i}]` : 'input')),
    encodingFormat: fields.encoding_format,
  };
}

function singleInput(
  value: string | readonly string[] | readonly number[] | readonly (readonly number[])[],
): EmbeddingInput | null {
  if (typeof value === 'string') return value;
  const numbers = value.filter((element) => typeof element === 'number');
  return numbers.length > 0 ? numbers : null;
}
