import { unreachable } from '../base/assert';
import type { RequestEvent } from '../protocol/events';
import { completionUsage, finishReason, type AnswerHead, type CollectedAnswer, type EndedEvent } from './answer';
import type { TextCompletion, TextLogprobs, TokenLogprobEntry } from './types';

/** Pure conversions from a request's events to OpenAI's text completion shapes, for every host that answers in them. */

type Choice = TextCompletion['choices'][number];

/** The chunks of one event. `logprob` comes with the offset of its token in the answer, in UTF-16 units. */
export function textChunks(
  event: RequestEvent,
  head: AnswerHead,
  includeUsage: boolean,
  logprob: { readonly entry: TokenLogprobEntry; readonly offset: number } | null,
): TextCompletion[] {
  const chunk = (choices: readonly Choice[], rest: Partial<TextCompletion> = {}): TextCompletion => ({
    ...completionHead(head),
    choices,
    ...(includeUsage ? { usage: null } : {}),
    ...rest,
  });
  switch (event.type) {
    case 'token': {
      if (event.text === '' && logprob === null) return [];
      return [chunk([choice(event.text, logprob === null ? null : textLogprobs([logprob.entry], logprob.offset))])];
    }
    case 'ended':
      return endChunks(event, includeUsage, chunk);
    case 'accepted':
    case 'prefill':
    case 'logits':
    case 'embedding':
      return [];
    default:
      return unreachable(event);
  }
}

export function textCompletion(head: AnswerHead, answer: CollectedAnswer): TextCompletion {
  const logprobs = answer.logprobs === null ? null : textLogprobs(answer.logprobs, 0);
  return {
    ...completionHead(head),
    choices: [{ ...choice(answer.text, logprobs), finish_reason: finishReason(answer.ended.outcome) }],
    usage: completionUsage(answer.ended.usage),
    timings: answer.ended.timings,
  };
}

/** OpenAI's older shape; of alternatives with the same text the best is reported. */
function textLogprobs(entries: readonly TokenLogprobEntry[], startOffset: number): TextLogprobs {
  let offset = startOffset;
  return {
    tokens: entries.map((entry) => entry.token),
    token_logprobs: entries.map((entry) => entry.logprob),
    top_logprobs: entries.map((entry) =>
      Object.fromEntries(entry.top_logprobs.toReversed().map(({ token, logprob }) => [token, logprob])),
    ),
    text_offset: entries.map((entry) => {
      const at = offset;
      offset += entry.token.length;
      return at;
    }),
  };
}

function endChunks(
  event: EndedEvent,
  includeUsage: boolean,
  chunk: (choices: readonly Choice[], rest?: Partial<TextCompletion>) => TextCompletion,
): TextCompletion[] {
  const last = chunk([{ ...choice(event.text, null), finish_reason: finishReason(event.outcome) }], {
    timings: event.timings,
  });
  return includeUsage ? [last, chunk([], { usage: completionUsage(event.usage) })] : [last];
}

function completionHead(
  head: AnswerHead,
): Pick<TextCompletion, 'id' | 'object' | 'created' | 'model' | 'system_fingerprint' | 'device'> {
  return {
    id: head.id,
    object: 'text_completion',
    created: head.created,
    model: head.model,
    system_fingerprint: head.systemFingerprint,
    device: head.device,
  };
}

function choice(text: string, logprobs: TextLogprobs | null): Choice {
  return { index: 0, text, logprobs, finish_reason: null };
}
