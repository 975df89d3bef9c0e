import { parseChatBody } from '../protocol/request-schema';
import { chatChunks, chatCompletion } from './chat-chunks';
import { collectAnswer, logprobOf, openAnswer, plainBody, streamAnswer } from './completions';
import type { Session } from './session';
import type { CallOptions, ChatBody, ChatCompletion, ChatCompletionChunk, ChatCompletions } from './types';

export function createChatCompletions(session: Session): ChatCompletions {
  function create(
    body: ChatBody & { readonly stream: true },
    options?: CallOptions,
  ): Promise<AsyncIterable<ChatCompletionChunk>>;
  function create(body: ChatBody & { readonly stream?: false | null }, options?: CallOptions): Promise<ChatCompletion>;
  async function create(
    body: ChatBody,
    options: CallOptions = {},
  ): Promise<AsyncIterable<ChatCompletionChunk> | ChatCompletion> {
    session.lifeline.throwIfEnded();
    const { stream, includeUsage, sampling } = parseChatBody(body);
    const sent = plainBody(body, session.modelToSend(body.model));
    const answer = await openAnswer(session, { kind: 'chat', body: sent }, 'chatcmpl', options.signal);
    if (stream) {
      return streamAnswer(answer, async (event) =>
        chatChunks(event, answer.head, includeUsage, await logprobOf(session, event)),
      );
    }
    const collected = await collectAnswer(session, answer, sampling.topLogprobs !== null);
    return chatCompletion(answer.head, collected);
  }
  return { create };
}
