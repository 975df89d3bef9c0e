import type { Remote } from 'comlink';
import { requestId, type RequestId } from '../base/ids';
import type { EngineHost, EngineInfo, HostRequest } from '../protocol/engine-port';
import type { RequestEvent } from '../protocol/events';
import type { Lifeline } from './lifeline';
import { RequestStream } from './request-stream';
import { unwrap } from './result';
import { TokenTexts } from './token-texts';

export interface OpenedRequest {
  readonly id: RequestId;
  /** The first event, read already: a request that is refused rejects instead of opening. */
  readonly accepted: RequestEvent;
  /** What follows. */
  readonly stream: RequestStream;
}

/** One loaded engine as its client sees it: the host, its life, and the numbering of requests. */
export class Session {
  readonly texts: TokenTexts;
  private lastRequest = 0;

  constructor(
    readonly host: Remote<EngineHost>,
    /** Of the device that runs now. */
    public info: EngineInfo,
    readonly lifeline: Lifeline,
  ) {
    this.texts = new TokenTexts((ids) => this.detokenize(ids));
  }

  /** Submits and waits until the engine has accepted. Rejects with why it did not, or with an `AbortError`. */
  async open(request: HostRequest, signal: AbortSignal | undefined): Promise<OpenedRequest> {
    this.lastRequest += 1;
    const id = requestId(this.lastRequest);
    const stream = RequestStream.open(this.host, this.lifeline, id, request, signal);
    const first = await stream.next();
    if (first.done === true) throw new TypeError('a request ended without an event');
    return { id, accepted: first.value, stream };
  }

  async detokenize(ids: readonly number[]): Promise<string> {
    return unwrap(await this.lifeline.guard(() => this.host.detokenize(ids)));
  }
}
