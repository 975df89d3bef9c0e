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
    const { opened, head } = await openAnswer(
      session,
      { kind: 'completion', body: plainBody(body) },
      'cmpl',
      options.signal,
    );
    if (!stream) return textCompletion(head, await collectAnswer(session, opened, sampling.topLogprobs !== null));
    let offset = 0;
    return streamAnswer(opened, async (event) => {
      const entry = await logprobOf(session, event);
      const chunks = textChunks(event, head, includeUsage, entry === null ? null : { entry, offset });
      offset += entry?.token.length ?? 0;
      return chunks;
    });
  }
  return { create };
}
