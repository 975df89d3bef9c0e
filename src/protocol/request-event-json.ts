import { unreachable } from '../base/assert';
import { ForgelightError } from '../base/errors';
import { floatsOfBase64 } from '../base/floats-of-base64';
import type { RatedToken, RequestEvent, TokenLogprob } from './events';

/**
 * The event of a frame as the daemon sends it: its own fields as JSON, with vectors as base64 of little-endian f32 in `{"f32": "…"}`. Throws `network` where it is none: what comes from a socket may be anybody's, and the reader counts on numbers being
 * numbers. What only people read (usage, timings) is taken as it is.
 */
export function requestEventFromJson(value: unknown): RequestEvent {
  const fields = value as RequestEvent;
  if (typeof value !== 'object' || value === null || !isWhole(fields)) {
    throw new ForgelightError(
      'network',
      'The bridge sent something that is no event of a request: its version may be another one.',
    );
  }
  switch (fields.type) {
    case 'logits':
      return { ...fields, logits: unpacked(fields.logits) };
    case 'embedding':
      return { ...fields, embedding: unpacked(fields.embedding) };
    case 'token':
      return fields.logprob === undefined ? fields : { ...fields, logprob: logprobOf(fields.logprob) };
    case 'accepted':
    case 'prefill':
    case 'ended':
      return fields;
    default:
      return unreachable(fields);
  }
}

/** Whether the fields that code counts on are what they are to be. */
function isWhole(event: RequestEvent): boolean {
  switch (event.type) {
    case 'accepted':
      return (
        isId(event.seed) && Array.isArray(event.promptIds) && event.promptIds.length > 0 && event.promptIds.every(isId)
      );
    case 'prefill':
      return isId(event.done) && isId(event.total);
    case 'token':
      return isId(event.tokenId) && typeof event.text === 'string' && isLogprob(event.logprob);
    case 'logits':
      return isId(event.position) && isPacked(event.logits);
    case 'embedding':
      return isPacked(event.embedding);
    case 'ended':
      return (
        typeof event.text === 'string' && isOutcome(event.outcome) && isObject(event.usage) && isObject(event.timings)
      );
    default:
      return false;
  }
}

const isId = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;

function isOutcome(value: unknown): boolean {
  if (!isObject(value) || !('kind' in value)) return false;
  if (value.kind !== 'failed')
    return ['stop', 'length', 'tool_calls', 'cancelled', 'timed_out'].includes(String(value.kind));
  return 'error' in value && isObject(value.error) && 'code' in value.error && 'message' in value.error;
}

function isLogprob(value: unknown): boolean {
  return (
    value === undefined || (isObject(value) && 'top' in value && Array.isArray(value.top) && value.top.every(isObject))
  );
}

interface Packed {
  readonly f32: string;
}

function isPacked(value: unknown): boolean {
  return isObject(value) && 'f32' in value && typeof value.f32 === 'string' && /^[\w+/]*={0,2}$/.test(value.f32);
}

function unpacked(value: unknown): Float32Array {
  return floatsOfBase64((value as Packed).f32);
}

/** JSON has no infinity: the logarithm of 0 comes as `null`. */
function logprobOf(given: TokenLogprob): TokenLogprob {
  const known = <T extends RatedToken>(one: T): T => ({ ...one, logprob: (one.logprob as number | null) ?? -Infinity });
  return { ...known(given), top: given.top.map(known) };
}
