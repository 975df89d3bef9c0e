import type { Session } from './session';
import type { CallOptions, CompletionBody, TextCompletion, TextCompletions } from './types';

/** Pages chat: what it takes is fetched with the first call, where the build is in pieces. */
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
    const { completeText } = await import('./complete-text');
    return await completeText(session, body, options);
  }
  return { create };
}
