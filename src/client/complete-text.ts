import { parseCompletionBody } from '../protocol/completion-schema';
import { collectAnswer, logprobOf, openAnswer, plainBody, streamAnswer } from './completions';
import type { Session } from './session';
import { textChunks, textCompletion } from './text-chunks';
import type { CallOptions, CompletionBody, TextCompletion } from './types';

/** One text completion, whole or in chunks. Rejects as `create`. */
export async function completeText(
  session: Session,
  body: CompletionBody,
  { signal }: CallOptions,
): Promise<AsyncIterable<TextCompletion> | TextCompletion> {
  const { stream, includeUsage, sampling } = parseCompletionBody(body);
  const sent = plainBody(body, session.modelToSend(body.model));
  const answer = await openAnswer(session, { kind: 'completion', body: sent }, 'cmpl', signal);
  if (!stream) {
    const collected = await collectAnswer(session, answer, sampling.topLogprobs !== null);
    return textCompletion(answer.head, collected);
  }
  let offset = 0;
  return streamAnswer(answer, async (event) => {
    const entry = await logprobOf(session, event);
    const chunks = textChunks(event, answer.head, includeUsage, entry === null ? null : { entry, offset });
    offset += entry?.token.length ?? 0;
    return chunks;
  });
}
