import { ForgelightError } from '../../src/base/errors';
import { orAbort } from '../../src/store/waiting';
import { AnswerStream } from './answer-stream';
import { firstThatCan, type RetryPorts } from './retry';
import type { Upstream } from './upstream';
import { UpstreamCall, type CallOptions } from './upstream-call';
import { answerFailure, isRecord, UpstreamFailure } from './upstream-failure';

export type RequestPath = 'chat/completions' | 'completions' | 'embeddings';

export interface RequestPorts extends CallOptions, RetryPorts {
  readonly key: string | null;
}

const MAX_DEVICE_LENGTH = 200;

/** How a request went; told once. */
export type RequestEnd = 'answered' | 'failed' | 'cancelled';

/** Embeddings of many texts are the largest answers. */
const MAX_ANSWER_BYTES = 256_000_000;

/** One request of the daemon's, whichever upstream gets it. Ends with its answer, a failure, or the reason of `cancel`. */
export class UpstreamRequest {
  private readonly stop = new AbortController();
  private isOver = false;

  constructor(
    private readonly path: RequestPath,
    private readonly body: Readonly<Record<string, unknown>>,
    private readonly ports: RequestPorts,
    private readonly onEnd: (end: RequestEnd) => void,
  ) {}

  /** The reason is what the caller sees, an `AbortError` or a `ForgelightError`. Does nothing after the end. */
  cancel(reason: unknown): void {
    if (this.isOver) return;
    this.stop.abort(reason);
    this.end('cancelled');
  }

  /** The whole answer, or its chunks once the first token is there, as the body asks. `choose`: who may be asked, in their order. */
  async answer(choose: () => Promise<readonly Upstream[]>): Promise<object> {
    const { signal } = this.stop;
    try {
      const upstreams = await orAbort(choose(), signal);
      if (this.body['stream'] === true) {
        const { upstream, stream } = await firstThatCan(
          upstreams,
          async (each) => ({ upstream: each, stream: await this.openStream(each) }),
          this.ports,
          signal,
        );
        return this.chunks(upstream, stream);
      }
      const answering = async (each: Upstream): Promise<object> => naming(each, await this.whole(each));
      const whole = await firstThatCan(upstreams, answering, this.ports, signal);
      this.end('answered');
      return whole;
    } catch (error) {
      this.end('failed');
      throw error;
    }
  }

  private async whole(upstream: Upstream): Promise<object> {
    const { call, response } = await this.post(upstream);
    try {
      const text = await call.text(MAX_ANSWER_BYTES);
      return this.objectOf(text, response);
    } finally {
      call.close();
    }
  }

  private async openStream(upstream: Upstream): Promise<AnswerStream> {
    const { call, response } = await this.post(upstream);
    const stream = new AnswerStream(call, this.ports.firstMs, this.ports.key);
    try {
      if (!response.ok || !isEventStream(response)) {
        this.objectOf(await call.text(MAX_ANSWER_BYTES), response);
        const what = 'does not stream its answers. Ask without "stream".';
        throw new UpstreamFailure('network', what, { remedy: 'none', isUp: true });
      }
      await stream.begin();
      return stream;
    } catch (error) {
      stream.close();
      throw error;
    }
  }

  private post(upstream: Upstream): ReturnType<typeof UpstreamCall.open> {
    const headers = { ...upstream.headers(), 'content-type': 'application/json' };
    const body = JSON.stringify(named(this.body, upstream));
    const url = `${upstream.address.baseUrl}/${this.path}`;
    return UpstreamCall.open(this.ports, url, { method: 'POST', headers, body }, this.stop.signal);
  }

  /** The answer as JSON. Throws for one that tells of an error, in its status or, as some servers do, in its text alone. */
  private objectOf(text: string, { ok, status, headers }: Response): object {
    if (!ok) throw answerFailure(status, text, { headers, secret: this.ports.key });
    let answer: unknown;
    try {
      answer = JSON.parse(text);
    } catch (cause) {
      throw nonsense(cause);
    }
    if (!isRecord(answer)) throw nonsense();
    if (answer['error'] !== undefined && answer['error'] !== null) {
      throw answerFailure(500, answer, { secret: this.ports.key });
    }
    return answer;
  }

  /** Whoever leaves early cancels, also before the first chunk is asked for. */
  private chunks(upstream: Upstream, stream: AnswerStream): AsyncIterableIterator<object> {
    const next = async (): Promise<IteratorResult<object, undefined>> => {
      this.stop.signal.throwIfAborted();
      if (this.isOver) return { value: undefined, done: true };
      try {
        const chunk = await stream.next();
        if (chunk !== null) return { value: naming(upstream, chunk), done: false };
        this.end('answered');
        return { value: undefined, done: true };
      } catch (error) {
        stream.close();
        this.stop.signal.throwIfAborted();
        this.end('failed');
        throw this.brokenOff(upstream, error);
      }
    };
    const leave = (): Promise<IteratorResult<object, undefined>> => {
      this.end('cancelled');
      stream.close();
      return Promise.resolve({ value: undefined, done: true });
    };
    const iterator: AsyncIterableIterator<object> = { next, return: leave, [Symbol.asyncIterator]: () => iterator };
    return iterator;
  }

  /** Nobody else can go on with what has begun: tokens of two models do not make an answer. */
  private brokenOff(upstream: Upstream, error: unknown): unknown {
    if (!(error instanceof UpstreamFailure)) return error;
    upstream.hear(error);
    const told = error.told(
      upstream.address.name,
      ' The answer had begun, so that no other upstream can go on with it.',
    );
    return told.code === 'busy' ? new ForgelightError('network', told.message, { cause: told }) : told;
  }

  private end(how: RequestEnd): void {
    if (this.isOver) return;
    this.isOver = true;
    this.onEnd(how);
  }
}

/** Some servers demand a model. Who names none means the one that is there. */
function named(body: Readonly<Record<string, unknown>>, { modelIds }: Upstream): Readonly<Record<string, unknown>> {
  const { model } = body;
  const isNamed = model !== undefined && model !== null && model !== '';
  const first = modelIds?.[0];
  return isNamed || first === undefined ? body : { ...body, model: first };
}

/** With the upstream that gave it, and the device that this names. */
function naming({ address }: Upstream, answer: object): object {
  const { device } = answer as { readonly device?: unknown };
  const said = typeof device === 'string' ? ` (${device.slice(0, MAX_DEVICE_LENGTH)})` : '';
  return { ...answer, device: `upstream: ${address.name}${said}` };
}

function isEventStream({ headers }: Response): boolean {
  return headers.get('content-type')?.toLowerCase().startsWith('text/event-stream') === true;
}

function nonsense(cause?: unknown): UpstreamFailure {
  const what = 'did not answer with a JSON object. Is it an OpenAI-compatible server?';
  return new UpstreamFailure('network', what, { remedy: 'none', isUp: true, cause });
}
