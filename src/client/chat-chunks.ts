import { unreachable } from '../base/assert';
import type { RequestEvent } from '../protocol/events';
import { completionUsage, finishReason, type AnswerHead, type CollectedAnswer, type EndedEvent } from './answer';
import type { ChatCompletion, ChatCompletionChunk, TokenLogprobEntry } from './types';

/** Pure conversions from a request's events to OpenAI's chat shapes, for every host that answers in them. */

type Choice = ChatCompletionChunk['choices'][number];

/**
 * The chunks of one event: the role when the request is accepted, its text with every token that gives some, and at the end what was
 * held back, the finish reason with the timings, and the usage where it was asked for.
 */
export function chatChunks(
  event: RequestEvent,
  head: AnswerHead,
  includeUsage: boolean,
  logprob: TokenLogprobEntry | null,
): ChatCompletionChunk[] {
  const chunk = (choices: readonly Choice[], rest: Partial<ChatCompletionChunk> = {}): ChatCompletionChunk => ({
    id: head.id,
    object: 'chat.completion.chunk',
    created: head.created,
    model: head.model,
    system_fingerprint: head.systemFingerprint,
    device: head.device,
    choices,
    ...(includeUsage ? { usage: null } : {}),
    ...rest,
  });
  switch (event.type) {
    case 'accepted':
      return [chunk([choice({ role: 'assistant', content: '' })])];
    case 'token':
      if (event.text === '' && logprob === null) return [];
      return [chunk([choice({ content: event.text }, logprob)])];
    case 'ended':
      return endChunks(event, includeUsage, chunk);
    case 'prefill':
    case 'logits':
    case 'embedding':
      return [];
    default:
      return unreachable(event);
  }
}

export function chatCompletion(head: AnswerHead, answer: CollectedAnswer): ChatCompletion {
  return {
    id: head.id,
    object: 'chat.completion',
    created: head.created,
    model: head.model,
    system_fingerprint: head.systemFingerprint,
    device: head.device,
    choices: [
      {
        index: 0,
        message: { role: 'assistant', content: answer.text },
        logprobs: answer.logprobs === null ? null : { content: answer.logprobs },
        finish_reason: finishReason(answer.ended.outcome),
      },
    ],
    usage: completionUsage(answer.ended.usage),
    timings: answer.ended.timings,
  };
}

function endChunks(
  event: EndedEvent,
  includeUsage: boolean,
  chunk: (choices: readonly Choice[], rest?: Partial<ChatCompletionChunk>) => ChatCompletionChunk,
): ChatCompletionChunk[] {
  const rest = event.text === '' ? [] : [chunk([choice({ content: event.text })])];
  const last = chunk([{ ...choice({}), finish_reason: finishReason(event.outcome) }], { timings: event.timings });
  const usage = includeUsage ? [chunk([], { usage: completionUsage(event.usage) })] : [];
  return [...rest, last, ...usage];
}

function choice(delta: Choice['delta'], logprob: TokenLogprobEntry | null = null): Choice {
  return { index: 0, delta, logprobs: logprob === null ? null : { content: [logprob] }, finish_reason: null };
}
