import { requestId, type RequestId } from '../base/ids';
import type { EngineInfo, HostRequest, ModelReference } from '../protocol/engine-port';
import type { RequestEvent } from '../protocol/events';
import type { CalledHost } from './called-host';
import type { Lifeline } from './lifeline';
import { RequestStream } from './request-stream';
import { unwrap } from './result';
import { TokenTexts } from './token-texts';

export interface OpenedRequest {
  readonly id: RequestId;
  /** The first event, read already: a request that is refused rejects instead of opening. */
  readonly accepted: RequestEvent;
  /** Of the engine that accepted it. */
  readonly info: EngineInfo;
  /** What follows. */
  readonly stream: RequestStream;
}

/** One loaded engine as its client sees it: the host, its life, and the numbering of requests. */
export class Session {
  readonly texts: TokenTexts;

  constructor(
    readonly host: CalledHost,
    /** Of the device that runs now. */
    public info: EngineInfo,
    readonly lifeline: Lifeline,
    /** A number that it has not given before. */
    private readonly nextRequest: () => number,
    /** What the engine was created with, where that is told. */
    private readonly reference: ModelReference | undefined,
  ) {
    this.texts = new TokenTexts((ids) => this.detokenize(ids));
  }

  /** Submits and waits until the engine has accepted. Rejects with why it did not, or with an `AbortError`. */
  async open(request: HostRequest, signal: AbortSignal | undefined): Promise<OpenedRequest> {
    const id = requestId(this.nextRequest());
    const stream = RequestStream.open(this.host, this.lifeline, id, request, signal);
    let { info } = this;
    for (;;) {
      const { value: event } = await stream.next();
      if (event === undefined) throw new TypeError('a request ended without an event');
      if (event.type !== 'moved') return { id, accepted: event, info, stream };
      ({ info } = event);
    }
  }

  /** What a body says of its model: nothing where that is this engine's, which may have other names where it is answered. */
  modelToSend<T>(model: T): T | undefined {
    const { name, sha256 } = this.info.model;
    return [this.reference, name, `sha256:${sha256}`].includes(model as string) ? undefined : model;
  }

  async detokenize(ids: readonly number[]): Promise<string> {
    return unwrap(await this.lifeline.guard(() => this.host.detokenize(ids)));
  }
}
