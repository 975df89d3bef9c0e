import { UpstreamFailure } from './upstream-failure';

/** More characters than an honest event has, with all its alternatives and probabilities. */
export const MAX_EVENT_CHARS = 1_000_000;

/**
 * Server-sent events, pushed in as they come off a socket (WHATWG HTML, 9.2.6): lines end with CR, LF or both, `data` lines of one event are
 * joined, comments and other fields mean nothing here, and an event that no empty line ends is none. Bytes of one character, and CR and LF,
 * may lie in different chunks.
 */
export class SseParser {
  private readonly decoder = new TextDecoder();
  private rest = '';
  /** The last chunk ended with CR: an LF at the beginning of the next one belongs to it. */
  private skipsLineFeed = false;
  private data: string[] = [];
  private dataChars = 0;

  constructor(private readonly maxEventChars = MAX_EVENT_CHARS) {}

  /** The data of each event that these bytes complete. Throws an `UpstreamFailure` for an event that does not end. */
  push(bytes: Uint8Array): string[] {
    let text = this.decoder.decode(bytes, { stream: true });
    if (this.skipsLineFeed && text.length > 0) {
      if (text.startsWith('\n')) text = text.slice(1);
      this.skipsLineFeed = false;
    }
    if (text.endsWith('\r')) this.skipsLineFeed = true;
    const lines = (this.rest + text).split(/\r\n|\r|\n/);
    this.rest = lines.pop() ?? '';
    const events: string[] = [];
    for (const line of lines) {
      const event = this.take(line);
      if (event !== null) events.push(event);
    }
    this.limit(this.dataChars + this.rest.length);
    return events;
  }

  private take(line: string): string | null {
    if (line === '') {
      const { data } = this;
      this.data = [];
      this.dataChars = 0;
      return data.length === 0 ? null : data.join('\n');
    }
    const colon = line.indexOf(':');
    if ((colon < 0 ? line : line.slice(0, colon)) !== 'data') return null;
    const value = colon < 0 ? '' : line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1);
    this.data.push(value);
    this.dataChars += value.length + 1;
    this.limit(this.dataChars);
    return null;
  }

  private limit(chars: number): void {
    if (chars <= this.maxEventChars) return;
    const what = `sent an event that is longer than ${this.maxEventChars} characters. Is it an OpenAI-compatible server?`;
    throw new UpstreamFailure('network', what, { remedy: 'none', isUp: true });
  }
}
