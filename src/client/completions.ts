import { assert } from '../base/assert';
import type { HostRequest } from '../protocol/engine-port';
import type { RequestEvent } from '../protocol/events';
import { engineOf, type AnswerHead, type CollectedAnswer, type EndedEvent } from './answer';
import type { RequestStream } from './request-stream';
import type { OpenedRequest, Session } from './session';
import type { TokenLogprobEntry } from './types';

/** What chat and text completions have in common: the same events, put into two shapes. */

/** The body as it is sent: plain data, also where the caller's objects are proxies, without the fields that do nothing. */
export function plainBody(body: object, model: string | undefined): unknown {
  return JSON.parse(JSON.stringify({ ...body, model, user: undefined, metadata: undefined, store: undefined }));
}

/** An answer that has begun. */
export interface OpenedAnswer {
  readonly opened: OpenedRequest;
  /** Changes when another engine goes on with it. */
  readonly head: AnswerHead;
}

/** Opens a request; the head of its answer is told from its number. */
export async function openAnswer(
  session: Session,
  request: HostRequest,
  idPrefix: 'chatcmpl' | 'cmpl',
  signal: AbortSignal | undefined,
): Promise<OpenedAnswer> {
  const opened = await session.open(request, signal);
  const head = {
    id: `${idPrefix}-${opened.id}`,
    created: Math.floor(Date.now() / 1000),
    model: opened.info.model.name,
    ...engineOf(opened.info),
  };
  return { opened, head };
}

/** The event's logprob with the texts of its tokens, or `null` where it has none. */
export function logprobOf(session: Session, event: RequestEvent): Promise<TokenLogprobEntry | null> {
  if (event.type !== 'token' || event.logprob === undefined) return Promise.resolve(null);
  return session.texts.entry(event.logprob);
}

/** The whole answer, once it has ended. */
export async function collectAnswer(
  session: Session,
  { opened, head }: OpenedAnswer,
  withLogprobs: boolean,
): Promise<CollectedAnswer> {
  let text = '';
  let ended: EndedEvent | null = null;
  const logprobs: TokenLogprobEntry[] = [];
  for await (const event of opened.stream) {
    if (event.type === 'moved') {
      Object.assign(head, engineOf(event.info));
      continue;
    }
    if (event.type === 'token' || event.type === 'ended') text += event.text;
    if (event.type === 'ended') ended = event;
    const logprob = await logprobOf(session, event);
    if (logprob !== null) logprobs.push(logprob);
  }
  assert(ended !== null, 'a request that did not fail has ended');
  return { text, logprobs: withLogprobs ? logprobs : null, ended };
}

/** The requests of answers that nobody holds any more: dropped unread, or with the frame that read them. */
const dropped = new FinalizationRegistry<RequestStream>((stream) => stream.cancel());

/**
 * The chunks of an answer as they come. Whoever stops reading cancels the request, also before the first chunk and while one is
 * waited for, which a generator alone would not do.
 */
export function streamAnswer<Chunk>(
  answer: OpenedAnswer,
  convert: (event: RequestEvent) => Promise<readonly Chunk[]>,
): AsyncIterableIterator<Chunk, undefined> {
  const { stream } = answer.opened;
  const chunks = convertAll(answer, convert);
  // Nothing that the request holds may hold this object, which is the reader's alone, except while a chunk is waited for.
  const reader: AsyncIterableIterator<Chunk, undefined> = {
    next: () => chunks.next().finally(() => reader),
    return: async () => {
      stream.cancel();
      await chunks.return(undefined);
      return { value: undefined, done: true };
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
  dropped.register(reader, stream);
  return reader;
}

async function* convertAll<Chunk>(
  { opened, head }: OpenedAnswer,
  convert: (event: RequestEvent) => Promise<readonly Chunk[]>,
): AsyncGenerator<Chunk, undefined> {
  const { accepted, stream } = opened;
  for (const chunk of await convert(accepted)) {
    stream.throwIfAborted();
    yield chunk;
  }
  for await (const event of stream) {
    if (event.type === 'moved') {
      Object.assign(head, engineOf(event.info));
      continue;
    }
    for (const chunk of await convert(event)) {
      stream.throwIfAborted();
      yield chunk;
    }
  }
  return undefined;
}
