import { ForgelightError } from '../../src/base/errors';
import { requestId, tokenId } from '../../src/base/ids';
import type { ChatCompletion, ChatCompletionChunk, EmbeddingList, TextCompletion } from '../../src/client/types';
import type { EngineInfo, HostRequest } from '../../src/protocol/engine-port';
import type { RequestEvent } from '../../src/protocol/events';
import type { FitReport } from '../../src/protocol/fit';
import type { AskOptions, BackendState, EngineBackend, LentEngine, ListedModel } from '../server/backend';

export const FAKE_SHA256 = 'ab'.repeat(32);
export const FAKE_DEVICE = 'reference: fake';
const TIMINGS = {
  prompt_n: 1,
  prompt_ms: 1,
  prompt_per_second: 1,
  predicted_n: 1,
  predicted_ms: 1,
  predicted_per_second: 1,
  cache_n: 0,
};
const USAGE = { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2, prompt_tokens_details: { cached_tokens: 0 } };
export const FAKE_INFO: EngineInfo = {
  model: {
    name: 'fake',
    architecture: 'fake',
    quantisation: 'F32',
    sizeBytes: 4,
    sha256: FAKE_SHA256,
    contextLength: 64,
    vocabularySize: 4,
  },
  device: { kind: 'reference', name: 'fake', features: [] },
  notes: [],
  systemFingerprint: 'fp-fake',
  kvCacheTokens: 64,
};

export const FAKE_FIT: FitReport = {
  verdict: 'fits-shorter',
  sizeBytes: 4,
  weightBytes: 4,
  kvBytes: 2,
  scratchBytes: 1,
  contextLength: 32,
  largestContextLength: 32,
  memoryBudgetBytes: 7,
  reason: 'fake fits only with a shorter context.',
};

/** One call that reached the backend. */
export interface FakeAsk {
  readonly call: string;
  readonly body: unknown;
  readonly asks: AskOptions['asks'];
  readonly signal: AbortSignal;
}

/** Answers with the words that it was made with, one a turn, and notes who asked. A test may hold its answers back. */
export class FakeBackend implements EngineBackend {
  readonly kind = 'engine';
  readonly asked: FakeAsk[] = [];
  words: readonly string[] = ['The', ' cat', ' sat', '.'];
  current: BackendState = { status: 'ready', model: 'fake', device: FAKE_DEVICE };
  /** Thrown by the next calls, at once. */
  failure: Error | null = null;
  /** Waited for before each word. */
  beforeWord: (index: number, signal: AbortSignal) => Promise<void> = () => Promise.resolve();
  beforeEngine: () => Promise<void> = () => Promise.resolve();
  /** Streams that were left before their end. */
  cancelled = 0;
  isClosed = false;
  /** Whoever hears what becomes of the engine. */
  readonly watchers: MessagePort[] = [];

  state(): BackendState {
    return this.current;
  }

  models(): Promise<readonly ListedModel[]> {
    return Promise.resolve([{ id: 'fake.gguf', sha256: FAKE_SHA256, sizeBytes: 4, isLoaded: true }]);
  }

  async chat(body: unknown, options: AskOptions): Promise<ChatCompletion | AsyncIterable<ChatCompletionChunk>> {
    this.note('chat', body, options);
    const { kind, name } = FAKE_INFO.device;
    const device = { kind, name };
    const common = { id: 'chatcmpl-1', created: 1, model: 'fake', system_fingerprint: 'fp-fake', device };
    if (isStream(body)) {
      return this.stream(this.words, options.signal, (content, isLast): ChatCompletionChunk => ({
        ...common,
        object: 'chat.completion.chunk',
        choices: [{ index: 0, delta: { content }, logprobs: null, finish_reason: isLast ? 'stop' : null }],
      }));
    }
    const content = await this.whole(options.signal);
    const message = { role: 'assistant' as const, content };
    const choices = [{ index: 0, message, logprobs: null, finish_reason: 'stop' as const }];
    return { ...common, object: 'chat.completion', choices, usage: USAGE, timings: TIMINGS };
  }

  async complete(body: unknown, options: AskOptions): Promise<TextCompletion | AsyncIterable<TextCompletion>> {
    this.note('complete', body, options);
    const make = (text: string, isLast: boolean): TextCompletion => ({
      id: 'cmpl-1',
      object: 'text_completion',
      created: 1,
      model: 'fake',
      system_fingerprint: 'fp-fake',
      choices: [{ index: 0, text, logprobs: null, finish_reason: isLast ? 'stop' : null }],
    });
    return isStream(body)
      ? this.stream(this.words, options.signal, make)
      : make(await this.whole(options.signal), true);
  }

  embed(body: unknown, options: AskOptions): Promise<EmbeddingList<readonly number[] | string>> {
    this.note('embed', body, options);
    // The official client asks for base64 unless told otherwise.
    const wantsBase64 =
      typeof body === 'object' && body !== null && 'encoding_format' in body && body.encoding_format === 'base64';
    const embedding = wantsBase64 ? Buffer.from(new Float32Array([0.5, -0.5]).buffer).toString('base64') : [0.5, -0.5];
    const usage = { prompt_tokens: 1, total_tokens: 1 };
    return Promise.resolve({
      object: 'list',
      data: [{ object: 'embedding', index: 0, embedding }],
      model: 'fake',
      usage,
    });
  }

  async engine(model: string, options: AskOptions): Promise<LentEngine> {
    this.note('engine', model, options);
    await this.beforeEngine();
    return {
      info: FAKE_INFO,
      host: {
        submit: (id, request, port) => this.submit(id, request, port),
        cancel: (id) => Promise.resolve(this.note('cancel', id, options)),
        watch: (port) => void this.watchers.push(port),
        tokenize: (text) => Promise.resolve({ ok: true, value: Array.from(text, (_, index) => index) }),
        detokenize: (ids) => Promise.resolve({ ok: true, value: ids.join(' ') }),
        snapshot: () => Promise.resolve({ ok: false, error: { code: 'closed', message: 'No snapshot.' } }),
        stats: () => Promise.resolve({ ok: false, error: { code: 'closed', message: 'No stats.' } }),
      },
    };
  }

  async checkFit(model: string, options: AskOptions): Promise<FitReport> {
    this.note('fit', model, options);
    return FAKE_FIT;
  }

  unload(): Promise<boolean> {
    return Promise.resolve(true);
  }

  metrics(): Readonly<Record<string, number>> {
    return { engine_restarts_total: 2, engine_requests_live: 1 };
  }

  close(): Promise<void> {
    this.isClosed = true;
    return Promise.resolve();
  }

  private note(call: string, body: unknown, { asks, signal }: AskOptions): boolean {
    this.asked.push({ call, body, asks, signal });
    if (this.failure !== null) throw this.failure;
    return true;
  }

  private async *stream<T>(
    words: FakeBackend['words'],
    signal: AbortSignal,
    make: (text: string, isLast: boolean) => T,
  ): AsyncGenerator<T> {
    let isRead = false;
    try {
      for (const [index, word] of words.entries()) {
        await this.beforeWord(index, signal);
        signal.throwIfAborted();
        yield make(word, index === words.length - 1);
      }
      isRead = true;
    } finally {
      if (!isRead) this.cancelled += 1;
    }
  }

  private async whole(signal: AbortSignal): Promise<string> {
    for (const index of this.words.keys()) await this.beforeWord(index, signal);
    return this.words.join('');
  }

  private submit(id: number, request: HostRequest, port: MessagePort): void {
    this.asked.push({ call: 'submit', body: request, asks: 'page', signal: new AbortController().signal });
    const own = requestId(id);
    const events: RequestEvent[] = [
      { type: 'accepted', requestId: own, promptIds: [tokenId(1)], seed: 7 },
      { type: 'logits', requestId: own, position: 0, logits: new Float32Array([1.5, -2]) },
      {
        type: 'ended',
        requestId: own,
        outcome: { kind: 'stop' },
        text: '',
        usage: { promptTokens: 1, completionTokens: 0, cachedTokens: 0 },
        timings: TIMINGS,
      },
    ];
    for (const event of events) port.postMessage(event);
  }
}

/** Held back until the signal fires. */
export function forever(_index: number, signal: AbortSignal): Promise<void> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(new DOMException('Stopped.', 'AbortError')), { once: true });
  });
}

export function busyError(): ForgelightError {
  return new ForgelightError('busy', 'Eight requests run.');
}

function isStream(body: unknown): boolean {
  return typeof body === 'object' && body !== null && 'stream' in body && body.stream === true;
}
