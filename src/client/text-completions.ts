import { parseCompletionBody } from '../protocol/request-schema';
import { collectAnswer, logprobOf, openAnswer, plainBody, streamAnswer } from './completions';
import type { Session } from './session';
import { textChunks, textCompletion } from './text-chunks';
import type { CallOptions, CompletionBody, TextCompletion, TextCompletions } from './types';

export function createTextCompletions(session: Session): TextCompletions {
  function create(
    body: CompletionBody & { readonly stream: true },
    options?: CallOptions,
  ): Promise<AsyncIterable<TextCompletion>>;
  function create(
    body: CompletionBody & { readonly stream?: false | null },
    options?: CallOptions,
  ): Promise<TextCompletion>;
  async function create(
    body: CompletionBody,
    options: CallOptions = {},
  ): Promise<AsyncIterable<TextCompletion> | TextCompletion> {
    session.lifeline.throwIfEnded();
    const { stream, includeUsage, sampling } = parseCompletionBody(body);
    const answer = await openAnswer(session, { kind: 'completion', body: plainBody(body) }, 'cmpl', options.signal);
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
  return { create };
}
