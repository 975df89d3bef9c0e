import type { Clock } from '../../src/base/clock';
import { ForgelightError, type ErrorData } from '../../src/base/errors';
import { throwIfAborted, onAbort } from '../../src/client/abort';
import type { ChatCompletion, ChatCompletionChunk, EmbeddingList, TextCompletion } from '../../src/client/types';
import type { AskOptions, Backend, BackendState, ListedModel } from '../server/backend';
import { isRecord, toldOfAll, type FailedUpstream, type UpstreamFailure } from './upstream-failure';
import { Upstream } from './upstream';
import { UpstreamRequest, type RequestEnd, type RequestPath, type RequestPorts } from './upstream-request';
import type { UpstreamAddress } from './upstream-url';

/** For the log; no event has a key, a prompt or an answer in it. */
export type UpstreamEvent =
  | { readonly type: 'up' | 'down'; readonly upstream: string; readonly reason: string | null }
  | { readonly type: 'retry'; readonly upstream: string; readonly reason: string };

export interface UpstreamOptions {
  /** In the order in which they are asked; at least one. */
  readonly addresses: readonly UpstreamAddress[];
  /** `FORGELIGHT_UPSTREAM_KEY`. Sent to each of them in a header, told to nobody else. */
  readonly key?: string | null;
  readonly clock: Clock;
  readonly fetch: typeof fetch;
  /** Gives numbers from 0 to below 1, for the jitter. */
  readonly random: () => number;
  /** The longest silence before an answer begins. */
  readonly firstMs?: number;
  /** The longest silence within an answer. */
  readonly stallMs?: number;
  readonly checkEveryMs?: number;
  readonly onEvent?: (event: UpstreamEvent) => void;
}

/** Node's own `fetch` ends an answer that takes longer than 300 s to begin. */
export const FIRST_MS = 290_000;
const DEFAULTS = { firstMs: FIRST_MS, stallMs: 60_000, checkEveryMs: 15_000 };

type Counter = 'requests' | 'retries' | RequestEnd;

/** Answers with OpenAI-compatible servers elsewhere. Bodies and answers pass as they are, but for a model that nobody named, and the name of who answered. */
export class UpstreamBackend implements Backend {
  readonly kind = 'upstream';
  private readonly upstreams: readonly Upstream[];
  private readonly live = new Set<UpstreamRequest>();
  private readonly counters: Record<Counter, number> = {
    requests: 0,
    retries: 0,
    answered: 0,
    failed: 0,
    cancelled: 0,
  };
  private isClosed = false;

  /** Begins to look after the upstreams. */
  constructor(private readonly options: UpstreamOptions) {
    const ports = {
      ...DEFAULTS,
      ...options,
      key: options.key ?? null,
      onChange: (upstream: Upstream) => this.tellChange(upstream),
    };
    this.upstreams = options.addresses.map((address) => new Upstream(address, ports));
    for (const upstream of this.upstreams) upstream.start();
  }

  state(): BackendState {
    const up = this.upstreams.filter(({ status }) => status === 'up');
    if (up.length > 0) {
      const device = `upstream: ${up.map(({ address }) => address.name).join(', ')}`;
      return { status: 'ready', model: up[0]?.modelIds?.[0] ?? '', device };
    }
    const down = this.upstreams.flatMap(({ failure, address }) => (failure === null ? [] : [{ failure, address }]));
    const [first] = down;
    if (first === undefined || down.length < this.upstreams.length) return { status: 'idle' };
    const { code, message }: ErrorData = first.failure.told(first.address.name);
    return { status: 'failed', error: { code, message } };
  }

  async models(): Promise<readonly ListedModel[]> {
    await this.acquaintance();
    const models = new Map<string, ListedModel>();
    for (const { modelIds, status } of this.upstreams) {
      for (const id of modelIds ?? []) {
        const isLoaded = status === 'up' || models.get(id)?.isLoaded === true;
        models.set(id, { id, sha256: null, sizeBytes: null, isLoaded });
      }
    }
    return [...models.values()];
  }

  chat(body: unknown, options: AskOptions): Promise<ChatCompletion | AsyncIterable<ChatCompletionChunk>> {
    // What an OpenAI-compatible server answers is OpenAI's object: it passes as it is.
    return this.ask('chat/completions', body, options) as Promise<ChatCompletion | AsyncIterable<ChatCompletionChunk>>;
  }

  complete(body: unknown, options: AskOptions): Promise<TextCompletion | AsyncIterable<TextCompletion>> {
    return this.ask('completions', body, options) as Promise<TextCompletion | AsyncIterable<TextCompletion>>;
  }

  embed(body: unknown, options: AskOptions): Promise<EmbeddingList<readonly number[] | string>> {
    const whole = isRecord(body) ? { ...body, stream: undefined } : body;
    return this.ask('embeddings', whole, options) as Promise<EmbeddingList<readonly number[] | string>>;
  }

  metrics(): Readonly<Record<string, number>> {
    const { requests, retries, answered, failed, cancelled } = this.counters;
    return {
      upstreams: this.upstreams.length,
      upstreams_up: this.upstreams.filter(({ status }) => status === 'up').length,
      upstream_requests_total: requests,
      upstream_requests_live: this.live.size,
      upstream_retries_total: retries,
      upstream_answered_total: answered,
      upstream_failed_total: failed,
      upstream_cancelled_total: cancelled,
    };
  }

  close(): Promise<void> {
    this.isClosed = true;
    for (const upstream of this.upstreams) upstream.stop();
    for (const request of [...this.live]) request.cancel(closed());
    return Promise.resolve();
  }

  private async ask(path: RequestPath, body: unknown, { signal, asks }: AskOptions): Promise<object> {
    if (this.isClosed) throw closed();
    throwIfAborted(signal);
    if (!isRecord(body)) throw new ForgelightError('invalid-request', 'The body must be a JSON object.');
    this.counters.requests += 1;
    const request = new UpstreamRequest(path, body, this.requestPorts(), (end) => {
      this.counters[end] += 1;
      this.live.delete(request);
      release();
    });
    this.live.add(request);
    const release = onAbort(signal, (error) => request.cancel(error));
    return request.answer(async () => {
      // What an upstream has is known from its list: without one, no page may name anything, and nothing can be chosen by it.
      await this.acquaintance();
      return this.having(body['model'], asks);
    });
  }

  private requestPorts(): RequestPorts {
    return {
      ...DEFAULTS,
      ...this.options,
      key: this.options.key ?? null,
      onRetry: (upstream, failure) => this.tellRetry(upstream, failure),
    };
  }

  /** Each upstream has been asked for its models once. */
  private async acquaintance(): Promise<void> {
    await Promise.all(this.upstreams.filter(({ status }) => status === 'unknown').map((each) => each.check()));
  }

  /** Those that list a model. Servers also take names that they do not list: a program may give any, a page none of these. */
  private async having(model: unknown, asks: AskOptions['asks']): Promise<readonly Upstream[]> {
    if (typeof model !== 'string' || model === '') return this.upstreams;
    const having = this.listing(model);
    if (having.length > 0) return having;
    if (asks === 'native') return this.upstreams;
    const unheard = await this.missingLists();
    const late = this.listing(model);
    if (late.length > 0) return late;
    if (unheard.length > 0) throw toldOfAll(unheard);
    const message = `There is no model "${model}" here. Name none, or one that GET /v1/models lists.`;
    throw new ForgelightError('invalid-request', message, { param: 'model' });
  }

  private listing(model: string): readonly Upstream[] {
    return this.upstreams.filter(({ modelIds }) => modelIds?.includes(model) === true);
  }

  /** Asks those that have never said what they have, as while they start. Gives why some still do not: whether these have a model is not known. */
  private async missingLists(): Promise<readonly FailedUpstream[]> {
    const unheard = this.upstreams.filter(({ modelIds }) => modelIds === null);
    const failed = await Promise.all(
      unheard.map(async (each) => {
        const failure = await each.check();
        return failure === null ? [] : [{ name: each.address.name, failure }];
      }),
    );
    return failed.flat();
  }

  private tellChange({ status, address, failure }: Upstream): void {
    const type = status === 'up' ? 'up' : 'down';
    this.options.onEvent?.({ type, upstream: address.name, reason: failure?.message ?? null });
  }

  private tellRetry({ address }: Upstream, { message }: UpstreamFailure): void {
    this.counters.retries += 1;
    this.options.onEvent?.({ type: 'retry', upstream: address.name, reason: message });
  }
}

function closed(): ForgelightError {
  return new ForgelightError('closed', 'The daemon is ending. Start it again: forgelight serve');
}
