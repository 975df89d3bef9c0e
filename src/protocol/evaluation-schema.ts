import * as v from 'valibot';
import { MAX_PROMPT_TOKENS } from './request-schema';
import { MAX_INT32 } from './sampling-ranges';
import { integerFrom, listOf, object, oneOf, textOr } from './schema-fields';
import { parseInput } from './schema-parse';

export interface ParsedEvaluation {
  readonly ids: readonly number[];
  readonly positions: 'last' | 'all' | readonly number[];
}

const evaluation = object({
  ids: listOf(integerFrom(0, MAX_INT32), 1, MAX_PROMPT_TOKENS, 'token ids'),
  positions: v.optional(
    textOr(
      oneOf(['last', 'all']),
      listOf(integerFrom(0, MAX_INT32), 1, MAX_PROMPT_TOKENS, 'positions, or "last" or "all"'),
    ),
    'last',
  ),
});

/** Reads what `evaluate` is asked; `positions` is 'last' by default. Whether they fit the model is not known here. */
export function parseEvaluation(input: { readonly ids: unknown; readonly positions?: unknown }): ParsedEvaluation {
  return parseInput(evaluation, input, 'the evaluation');
}
