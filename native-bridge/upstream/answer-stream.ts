import { errorToData } from '../../src/base/errors';
import { ServerSentEventReader } from '../../src/protocol/server-sent-events';
import type { UpstreamCall } from './upstream-call';
import { answerFailure, isRecord, UpstreamFailure } from './upstream-failure';

/** The upstream says that its answer is whole. */
const DONE = '[DONE]';
/** Chunks before the first token that are kept back; more than these begin the answer themselves. */
const MAX_HELD = 32;

/** The objects of one streamed answer, as they come. Owns the call. */
export class AnswerStream {
  private readonly reader = new ServerSentEventReader();
  private readonly events: string[] = [];
  private readonly held: object[] = [];

  constructor(
    private readonly call: UpstreamCall,
    private readonly firstMs: number,
    private readonly secret: string | null,
  ) {}

  /**
   * Waits for the first token: until then another upstream can answer instead, so that nothing may be told of this one. Chunks that only say
   * whose turn it is come with it.
   */
  async begin(): Promise<void> {
    while (this.held.length < MAX_HELD) {
      const chunk = await this.take(this.firstMs);
      if (chunk === null) return;
      this.held.push(chunk);
      if (!isPrelude(chunk)) return;
    }
  }

  /** The next chunk, or `null` behind the last one. Throws `UpstreamFailure`, also where the answer ends too early. */
  async next(): Promise<object | null> {
    return this.held.shift() ?? (await this.take());
  }

  close(): void {
    this.call.close();
  }

  private async take(waitMs?: number): Promise<object | null> {
    for (;;) {
      const event = this.events.shift();
      if (event === DONE) {
        this.events.unshift(DONE);
        this.close();
        return null;
      }
      if (event !== undefined) return this.read(event);
      const bytes = await this.call.read(waitMs);
      if (bytes === null) {
        throw new UpstreamFailure('network', 'ended its answer too early. Send the request again.', {
          remedy: 'again',
          isUp: false,
        });
      }
      this.events.push(...this.eventsIn(bytes));
    }
  }

  private eventsIn(bytes: Uint8Array): string[] {
    try {
      return this.reader.push(bytes).map(({ data }) => data);
    } catch (cause) {
      const what = `sent what cannot be read: ${errorToData(cause, 'network').message}`;
      throw new UpstreamFailure('network', what, { remedy: 'none', isUp: true, cause });
    }
  }

  private read(event: string): object {
    let chunk: unknown;
    try {
      chunk = JSON.parse(event);
    } catch (cause) {
      throw nonsense(cause);
    }
    if (!isRecord(chunk)) throw nonsense();
    if (chunk['error'] === undefined || chunk['error'] === null) return chunk;
    throw answerFailure(statusOf(chunk['error']), chunk, { secret: this.secret });
  }
}

/** Tells a role, and no token, end or number. */
function isPrelude(chunk: object): boolean {
  if (!('choices' in chunk) || !Array.isArray(chunk.choices)) return false;
  if ('usage' in chunk && chunk.usage !== null && chunk.usage !== undefined) return false;
  return (chunk.choices as readonly unknown[]).every((choice) => {
    if (!isRecord(choice) || !isRecord(choice['delta'])) return false;
    if (choice['finish_reason'] !== null && choice['finish_reason'] !== undefined) return false;
    return Object.entries(choice['delta']).every(
      ([name, value]) => name === 'role' || value === null || value === '' || value === undefined,
    );
  });
}

/** Servers put a status into errors that come after the status line. */
function statusOf(error: unknown): number {
  const code = isRecord(error) ? Number(error['code']) : NaN;
  return Number.isInteger(code) && code >= 400 && code < 600 ? code : 500;
}

function nonsense(cause?: unknown): UpstreamFailure {
  const what = 'sent something else than JSON objects. Is it an OpenAI-compatible server?';
  return new UpstreamFailure('network', what, { remedy: 'none', isUp: true, cause });
}
