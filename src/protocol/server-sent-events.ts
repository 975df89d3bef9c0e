import { ForgelightError } from '../base/errors';

/** One event of a stream of `text/event-stream`. */
export interface ServerSentEvent {
  /** The field `event`; `message` where there is none. */
  readonly type: string;
  /** The lines of `data`, with a line feed between two. */
  readonly data: string;
}

/** The largest frame of a bridge is a row of logits: a million of them, as base64 in JSON, are less. */
export const MAX_EVENT_LENGTH = 8 * 2 ** 20;

/**
 * Reads a stream of server-sent events as its bytes come: pure, and one a stream. As the HTML standard has it: lines end with CR LF, LF or
 * CR, also across two chunks; so may characters; comments and unknown fields say nothing; an event that has no `data`, or whose empty line
 * is missing at the end, is none.
 */
export class ServerSentEventReader {
  private readonly decoder = new TextDecoder();
  /** The beginning of a line whose end has not come. */
  private pending = '';
  private wasCarriageReturn = false;
  private data: string[] = [];
  private type = '';
  /** Of the lines of `data` and the one that has begun. */
  private length = 0;

  constructor(private readonly maxEventLength = MAX_EVENT_LENGTH) {}

  /** The events that end in `bytes`. Throws `network` when one is longer than the limit: memory must not depend on who sends. */
  push(bytes: Uint8Array): ServerSentEvent[] {
    let text = this.decoder.decode(bytes, { stream: true });
    if (text === '') return [];
    if (this.wasCarriageReturn && text.startsWith('\n')) text = text.slice(1);
    this.wasCarriageReturn = text.endsWith('\r');
    const events: ServerSentEvent[] = [];
    let start = 0;
    for (const { 0: lineEnd, index } of text.matchAll(/\r\n?|\n/g)) {
      this.grow(text.slice(start, index));
      start = index + lineEnd.length;
      const event = this.endLine();
      if (event !== null) events.push(event);
    }
    this.grow(text.slice(start));
    return events;
  }

  private grow(part: string): void {
    this.length += part.length;
    if (this.length > this.maxEventLength) {
      throw new ForgelightError(
        'network',
        `An event of the stream is longer than ${this.maxEventLength} characters: what answers there is not a server of events, or it is broken.`,
      );
    }
    this.pending += part;
  }

  private endLine(): ServerSentEvent | null {
    const line = this.pending;
    this.pending = '';
    if (line === '') return this.endEvent();
    const colon = line.indexOf(':');
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1);
    if (field === 'data') this.data.push(value);
    else this.length -= line.length; // nothing of it is kept but a type, which has a line's length at most
    if (field === 'event') this.type = value;
    return null;
  }

  private endEvent(): ServerSentEvent | null {
    const { data, type } = this;
    this.data = [];
    this.type = '';
    this.length = 0;
    return data.length === 0 ? null : { type: type === '' ? 'message' : type, data: data.join('\n') };
  }
}

/** The events of a body, to whoever reads on: leaving early cancels the body. Throws what reading it throws, and as `push`. */
export async function* serverSentEvents(
  body: ReadableStream<Uint8Array>,
  maxEventLength = MAX_EVENT_LENGTH,
): AsyncGenerator<ServerSentEvent, undefined> {
  const reader = body.getReader();
  const events = new ServerSentEventReader(maxEventLength);
  try {
    for (let read = await reader.read(); !read.done; read = await reader.read()) yield* events.push(read.value);
    return undefined;
  } finally {
    // One that has ended or failed is none to cancel, and nobody is left to tell.
    await reader.cancel().catch(() => undefined);
  }
}
