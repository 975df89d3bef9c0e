import * as v from 'valibot';
import { ForgelightError } from '../base/errors';
import { nearestWord } from './nearest-word';

/**
 * `input` read by `schema`, or `invalid-request` about its first fault, with the field in `param` and a sentence such as
 * "temperature must be a number from 0 to 2, got NaN". Messages in schemas are the sentence's predicate ("must be …", "is not …").
 *
 * @param what names the whole input in messages about the input itself ("the request body")
 */
export function parseInput<TOutput>(schema: v.GenericSchema<unknown, TOutput>, input: unknown, what: string): TOutput {
  const result = v.safeParse(schema, input, { abortEarly: true });
  if (result.success) return result.output;
  throw issueError(result.issues[0], what);
}

/** `invalid-request` about one field. `predicate` continues the field's name. */
export function invalidField(param: string, predicate: string): ForgelightError {
  return new ForgelightError('invalid-request', `${param} ${predicate}`, { param });
}

/** A value as a message shows it: short whatever it is. */
export function describeValue(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return value.length === 0 ? 'an empty array' : `an array of ${value.length}`;
  switch (typeof value) {
    case 'string':
      return value.length > 40 ? `text of ${value.length} characters` : JSON.stringify(value);
    case 'object':
      return 'an object';
    case 'function':
      return 'a function';
    case 'number':
    case 'bigint':
    case 'boolean':
    case 'undefined':
      return String(value);
    default:
      return 'a symbol';
  }
}

function issueError(issue: v.BaseIssue<unknown>, what: string): ForgelightError {
  const keys = (issue.path ?? []).map((item) => item.key);
  if (issue.type === 'strict_object' && keys.length > 0 && issue.input !== undefined && issue.expected === 'never') {
    return unknownField(issue, keys);
  }
  const param = spellPath(keys);
  const predicate = issue.type === 'strict_object' ? 'is missing' : sentence(issue);
  if (param === '') return new ForgelightError('invalid-request', `${what} ${predicate}`);
  return invalidField(param, predicate);
}

function sentence(issue: v.BaseIssue<unknown>): string {
  return issue.message.startsWith('must be') ? `${issue.message}, got ${describeValue(issue.input)}` : issue.message;
}

function unknownField(issue: v.BaseIssue<unknown>, keys: readonly unknown[]): ForgelightError {
  const known = issue.message.split(' ');
  const hint = nearestWord(String(keys.at(-1)), known);
  const advice = hint === null ? `the fields known here are ${known.join(', ')}` : `did you mean ${hint}?`;
  return invalidField(spellPath(keys), `is not a known field: ${advice}`);
}

/** `messages[2].content`, as OpenAI spells it. */
function spellPath(keys: readonly unknown[]): string {
  return keys.reduce<string>((path, key) => {
    if (typeof key === 'number') return `${path}[${key}]`;
    const name = String(key);
    if (!/^\w{1,64}$/.test(name)) return `${path}[${describeValue(name)}]`;
    return path === '' ? name : `${path}.${name}`;
  }, '');
}
