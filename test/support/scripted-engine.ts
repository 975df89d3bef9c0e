import type { EngineStats } from '../../src/protocol/engine-port';
import { statsOf } from './stats';
import type {
  AnswerDevice,
  ChatBody,
  ChatCompletionChunk,
  Engine,
  EngineEvent,
  EngineOptions,
} from '../../src/client/index';

type StateEvent = Extract<EngineEvent, { type: 'state' }>;

/** A chunk of a stream, cut down to what a page reads of it. */
export type ScriptedChunk =
  | { readonly text: string; readonly device: AnswerDevice | null }
  | { readonly finish: 'stop' | 'length' };

export const SCRIPTED_INFO: Engine['info'] = {
  model: {
    name: 'Scripted 1B',
    architecture: 'llama',
    quantisation: 'Q4_1',
    sizeBytes: 98_362_432,
    sha256: '0'.repeat(64),
    contextLength: 8192,
    vocabularySize: 49_152,
  },
  device: { kind: 'webgpu', name: 'Scripted GPU', features: [] },
  notes: [],
  systemFingerprint: 'fp_scripted',
  kvCacheTokens: 8192,
};

const TIMINGS: NonNullable<ChatCompletionChunk['timings']> = {
  prompt_n: 31,
  prompt_ms: 820,
  prompt_per_second: 37.8,
  predicted_n: 64,
  predicted_ms: 4500,
  predicted_per_second: 14.2,
  cache_n: 0,
};

export const SCRIPTED_USAGE: NonNullable<ChatCompletionChunk['usage']> = {
  prompt_tokens: 31,
  completion_tokens: 64,
  total_tokens: 95,
  prompt_tokens_details: { cached_tokens: 0 },
};

/** Engines whose loads and answers a test steps by hand: nothing happens until it says so. */
export class ScriptedEngines {
  readonly loads: ScriptedLoad[] = [];
  readonly answers: ScriptedAnswer[] = [];
  closed = 0;
  /** No engine is closed before that. */
  beforeClose: Promise<void> | null = null;
  /** A load that is aborted goes on, as one that is about to finish does. */
  ignoreAborts = false;

  readonly createEngine = (options: EngineOptions): Promise<Engine> => {
    const load = new ScriptedLoad(options, (own) => this.#engine(own), this.ignoreAborts);
    this.loads.push(load);
    return load.promise;
  };

  #engine(load: ScriptedLoad): Engine {
    const refuse = (): never => {
      throw new Error('not scripted');
    };
    const create = async (body: ChatBody, options?: { readonly signal?: AbortSignal }): Promise<never> => {
      const answer = new ScriptedAnswer(body, options?.signal);
      this.answers.push(answer);
      // The page asks for streams only; the overload for whole answers is never taken.
      return answer.chunks() as AsyncIterable<ChatCompletionChunk> as never;
    };
    return {
      get info() {
        return load.info;
      },
      chat: { completions: { create } },
      completions: { create: refuse },
      embeddings: { create: refuse },
      tokenize: refuse,
      detokenize: refuse,
      evaluate: refuse,
      cancel: refuse,
      on: load.on,
      use: (device) => load.use(device),
      snapshot: refuse,
      stats: async () => {
        await load.beforeStats;
        return statsOf(load.loadMs);
      },
      close: async () => {
        if (this.beforeClose !== null) await this.beforeClose;
        this.closed += 1;
      },
    };
  }
}

/** A load, and the engine that comes of it. */
export class ScriptedLoad {
  readonly options: EngineOptions;
  /** What the engine says of itself; a test may change it. */
  info: Engine['info'] = SCRIPTED_INFO;
  /** What its load took, by its own account. */
  loadMs: EngineStats['loadMs'] = { start: 120, probe: 40, download: 900, compile: 200, warmup: 9 };
  /** Its engine tells no stats before that. */
  beforeStats: Promise<void> = Promise.resolve();
  /** Whether it can move; a test may change it. */
  use: Engine['use'] = () => Promise.reject(new Error('It has one place.'));
  readonly promise: Promise<Engine>;
  readonly #engine: Engine;
  readonly #listeners = new Set<(event: StateEvent) => void>();
  readonly #unloadListeners = new Set<() => void>();
  #resolve: (engine: Engine) => void = () => undefined;
  #reject: (error: unknown) => void = () => undefined;

  constructor(options: EngineOptions, makeEngine: (load: ScriptedLoad) => Engine, ignoreAborts: boolean) {
    this.options = options;
    this.#engine = makeEngine(this);
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    if (!ignoreAborts)
      options.signal?.addEventListener('abort', () =>
        this.fail(new DOMException('The load was stopped.', 'AbortError')),
      );
  }

  finish(): void {
    this.#resolve(this.#engine);
  }

  fail(error: unknown): void {
    this.#reject(error);
  }

  readonly on: Engine['on'] = (type, listener) => {
    if (type === 'unloaded') {
      const hear = listener as () => void;
      this.#unloadListeners.add(hear);
      return () => void this.#unloadListeners.delete(hear);
    }
    // To nothing else the page listens.
    if (type !== 'state') throw new Error('not scripted');
    const own = listener as (event: StateEvent) => void;
    this.#listeners.add(own);
    return () => void this.#listeners.delete(own);
  };

  tellUnloaded(): void {
    for (const listener of this.#unloadListeners) listener();
  }

  /** The engine enters `state`, and says so. */
  enter(state: StateEvent['state'], about: Partial<Pick<StateEvent, 'retryAtMs' | 'error'>> = {}): void {
    for (const listener of this.#listeners) listener({ type: 'state', state, retryAtMs: null, error: null, ...about });
  }
}

export class ScriptedAnswer {
  readonly body: ChatBody;
  readonly signal: AbortSignal | undefined;
  readonly #queue: (ScriptedChunk | { readonly error: unknown } | 'end')[] = [];
  #wake: () => void = () => undefined;

  constructor(body: ChatBody, signal: AbortSignal | undefined) {
    this.body = body;
    this.signal = signal;
    signal?.addEventListener('abort', () => this.fail(new DOMException('The answer was stopped.', 'AbortError')));
  }

  /** `device`: what writes it; `null`: nobody says. */
  write(text: string, device: AnswerDevice | null = null): void {
    this.#push({ text, device });
  }

  finish(finish: 'stop' | 'length' = 'stop'): void {
    this.#push({ finish });
    this.#push('end');
  }

  /** The stream ends without a finish reason. */
  breakOff(): void {
    this.#push('end');
  }

  fail(error: unknown): void {
    this.#push({ error });
  }

  async *chunks(): AsyncGenerator<ChatCompletionChunk> {
    for (;;) {
      const next = this.#queue.shift();
      if (next === undefined) {
        await new Promise<void>((resolve) => (this.#wake = resolve));
        continue;
      }
      if (next === 'end') {
        if (this.body.stream_options?.include_usage === true) yield USAGE_CHUNK;
        return;
      }
      if ('error' in next) throw next.error;
      yield chunkOf(next);
    }
  }

  #push(step: ScriptedChunk | { readonly error: unknown } | 'end'): void {
    this.#queue.push(step);
    this.#wake();
  }
}

const USAGE_CHUNK: ChatCompletionChunk = {
  id: 'chatcmpl-1',
  object: 'chat.completion.chunk',
  created: 0,
  model: SCRIPTED_INFO.model.name,
  system_fingerprint: SCRIPTED_INFO.systemFingerprint,
  choices: [],
  usage: SCRIPTED_USAGE,
};

function chunkOf(step: ScriptedChunk): ChatCompletionChunk {
  const finish = 'finish' in step ? step.finish : null;
  return {
    id: 'chatcmpl-1',
    object: 'chat.completion.chunk',
    created: 0,
    model: SCRIPTED_INFO.model.name,
    system_fingerprint: SCRIPTED_INFO.systemFingerprint,
    ...('text' in step && step.device !== null && { device: step.device }),
    choices: [{ index: 0, delta: 'text' in step ? { content: step.text } : {}, logprobs: null, finish_reason: finish }],
    ...(finish === null ? {} : { timings: TIMINGS }),
  };
}
