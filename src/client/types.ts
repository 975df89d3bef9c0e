import type {
  DebugOptions,
  EngineInfo,
  EngineStats,
  KvCacheType,
  ModelReference,
  Precision,
  Timeouts,
} from '../protocol/engine-port';
import type { EngineEvent } from '../protocol/engine-events';
import type { Timings } from '../protocol/events';
import type { LoadProgress } from '../protocol/progress';
import type { EngineSnapshot } from '../protocol/snapshot';

/** Options of `createEngine`. */
export interface EngineOptions {
  /**
   * `'https://…/x.gguf'`, `'hf:owner/repo/file.gguf'`, `'hf:owner/repo:Q4_K_M'` (found by its quantisation), a `File` or a
   * `Blob`. Of a model in several files (`…-00001-of-00003.gguf`) any one's address, or all the files in an array.
   */
  readonly model: ModelReference;
  /** Expected SHA-256 of the file, hex; of a model in several files that of all together, as `info.model.sha256` has it. */
  readonly sha256?: string;
  /** Other addresses of the same file, asked in turn when one fails. They need `sha256`. */
  readonly mirrors?: readonly string[];
  /** Access token of the Hugging Face hub, for gated and private models. It is sent to the hub alone. */
  readonly hubToken?: string;
  /**
   * Where answers are computed. `auto` (default): by the program `forgelight serve` on this computer where `bridgeUrl` says where it is and it
   * has the model, else in this page; an answer that runs when that program goes away goes on in this page. `webgpu`: in this page.
   * `bridge`: by that program alone. Where it passes requests on to another server, `model` is the name of one of that server's models
   * (`listBridgeModels`).
   */
  readonly device?: 'auto' | 'webgpu' | 'bridge';
  /** Where that program is. With `device: 'bridge'` default `http://127.0.0.1:8788`; with `'auto'` nothing is looked for without it. */
  readonly bridgeUrl?: string | URL;
  /** What pairing with it gave (`pairBridge`). */
  readonly bridgeToken?: string;
  /** Tokens a request may hold; default: the model's, cut to what fits (`info.notes` says so). */
  readonly contextLength?: number;
  readonly maxConcurrent?: number;
  readonly maxQueued?: number;
  /** Default `'f16'`; `'q8_0'` takes about half its memory, where heads have a multiple of 32 elements. */
  readonly kvCacheType?: KvCacheType;
  /**
   * `exact` (default): f32 arithmetic on the dequantised weights. `fast`: generated rows are rounded to 8 bits or to half precision,
   * of which 32 share a scale, before they meet quantised weights, where that is right and faster on the adapter; `info.notes` says
   * whether it is.
   */
  readonly precision?: Precision;
  /**
   * Whether what comes from an address is kept in this browser, so that it is downloaded once: the default. Where there is no room
   * or no storage the model runs all the same, and `info.notes` says so.
   */
  readonly keep?: boolean;
  readonly kvCacheTokens?: number;
  /** A stream that is not read for `stallMs` while it has something to read is cancelled: its reader is taken for gone. */
  readonly timeouts?: Partial<Timeouts>;
  /** Where the worker's script is, for self-hosters whose policy allows neither blob nor cross-origin workers. */
  readonly workerUrl?: string | URL;
  readonly debug?: DebugOptions;
  /** At most 10 calls a second, and always the last one of a phase. */
  readonly onProgress?: (progress: LoadProgress) => void;
  readonly signal?: AbortSignal;
}

/** Options of `checkFit`: those of `createEngine` that decide over memory, and how much of it there is. */
export interface FitOptions extends Pick<
  EngineOptions,
  | 'sha256'
  | 'contextLength'
  | 'maxConcurrent'
  | 'kvCacheType'
  | 'kvCacheTokens'
  | 'hubToken'
  | 'timeouts'
  | 'workerUrl'
  | 'device'
  | 'bridgeUrl'
  | 'bridgeToken'
  | 'debug'
  | 'signal'
> {
  /**
   * Graphics memory that the model may take; default: a guess, because WebGPU does not tell (`estimateMemoryBudget`). A bridge knows its own,
   * and takes no other.
   */
  readonly memoryBudgetBytes?: number;
}

export interface ChatMessage {
  readonly role: 'system' | 'user' | 'assistant' | 'tool' | 'developer';
  readonly content: string | readonly { readonly type: 'text'; readonly text: string }[];
  readonly name?: string;
}

/** What chat and text completions share; OpenAI's names, and llama.cpp's for what OpenAI lacks. */
export interface SamplingBody {
  readonly model?: string;
  readonly stream?: boolean | null;
  readonly stream_options?: { readonly include_usage?: boolean } | null;
  readonly max_tokens?: number | null;
  readonly temperature?: number | null;
  readonly top_p?: number | null;
  readonly top_k?: number | null;
  readonly min_p?: number | null;
  readonly repeat_penalty?: number | null;
  readonly repeat_last_n?: number | null;
  readonly presence_penalty?: number | null;
  readonly frequency_penalty?: number | null;
  readonly logit_bias?: Readonly<Record<string, number>> | null;
  readonly seed?: number | null;
  readonly stop?: string | readonly string[] | null;
  readonly n?: number | null;
  readonly user?: string;
  readonly metadata?: unknown;
  readonly store?: boolean | null;
}

export interface ChatBody extends SamplingBody {
  readonly messages: readonly ChatMessage[];
  readonly max_completion_tokens?: number | null;
  readonly logprobs?: boolean | null;
  readonly top_logprobs?: number | null;
  readonly chat_template_kwargs?: Readonly<Record<string, unknown>> | null;
}

export interface CompletionBody extends SamplingBody {
  /** Text, or token ids. */
  readonly prompt: string | readonly number[];
  /** How many alternatives to report for each token. */
  readonly logprobs?: number | null;
}

export interface CompletionUsage {
  readonly prompt_tokens: number;
  readonly completion_tokens: number;
  readonly total_tokens: number;
  readonly prompt_tokens_details: { readonly cached_tokens: number };
}

export type FinishReason = 'stop' | 'length' | 'tool_calls';

export interface TopLogprob {
  readonly token: string;
  readonly logprob: number;
  /** UTF-8. `null` where the token holds only part of a character, and whoever answers does not tell its bytes. */
  readonly bytes: readonly number[] | null;
}

export interface TokenLogprobEntry extends TopLogprob {
  readonly top_logprobs: readonly TopLogprob[];
}

/** The device that an answer is from. */
export type AnswerDevice = Pick<EngineInfo['device'], 'kind' | 'name'>;

export interface ChatCompletion {
  readonly id: string;
  readonly object: 'chat.completion';
  readonly created: number;
  readonly model: string;
  readonly system_fingerprint: string;
  /** What wrote it: of a chunk that chunk, of a whole answer its end. */
  readonly device?: AnswerDevice;
  readonly choices: readonly {
    readonly index: number;
    readonly message: { readonly role: 'assistant'; readonly content: string };
    readonly logprobs: { readonly content: readonly TokenLogprobEntry[] } | null;
    readonly finish_reason: FinishReason;
  }[];
  readonly usage: CompletionUsage;
  readonly timings: Timings;
}

export interface ChatCompletionChunk {
  readonly id: string;
  readonly object: 'chat.completion.chunk';
  readonly created: number;
  readonly model: string;
  readonly system_fingerprint: string;
  /** What wrote it: of a chunk that chunk, of a whole answer its end. */
  readonly device?: AnswerDevice;
  readonly choices: readonly {
    readonly index: number;
    readonly delta: { readonly role?: 'assistant'; readonly content?: string };
    readonly logprobs: { readonly content: readonly TokenLogprobEntry[] } | null;
    readonly finish_reason: FinishReason | null;
  }[];
  /** In the last chunk only, and only when `stream_options.include_usage` asked for it. */
  readonly usage?: CompletionUsage | null;
  /** In the chunk that carries `finish_reason`. */
  readonly timings?: Timings;
}

export interface TextCompletion {
  readonly id: string;
  readonly object: 'text_completion';
  readonly created: number;
  readonly model: string;
  readonly system_fingerprint: string;
  /** What wrote it: of a chunk that chunk, of a whole answer its end. */
  readonly device?: AnswerDevice;
  readonly choices: readonly {
    readonly index: number;
    readonly text: string;
    readonly logprobs: TextLogprobs | null;
    readonly finish_reason: FinishReason | null;
  }[];
  readonly usage?: CompletionUsage | null;
  readonly timings?: Timings;
}

/** OpenAI's older shape of logprobs. */
export interface TextLogprobs {
  readonly tokens: readonly string[];
  readonly token_logprobs: readonly number[];
  readonly top_logprobs: readonly Readonly<Record<string, number>>[];
  readonly text_offset: readonly number[];
}

export interface EmbeddingBody {
  /** One text or its token ids, or several: at most 2,048. Texts are read with their special tokens, as the model was trained. */
  readonly input: string | readonly string[] | readonly number[] | readonly (readonly number[])[];
  readonly model?: string | null;
  /** `float` (default): numbers. `base64`: the same as little-endian f32, a third of the size in JSON. */
  readonly encoding_format?: 'float' | 'base64' | null;
  readonly user?: string;
}

export interface EmbeddingList<Vector> {
  readonly object: 'list';
  /** One for each input, in their order. */
  readonly data: readonly { readonly object: 'embedding'; readonly index: number; readonly embedding: Vector }[];
  readonly model: string;
  readonly usage: { readonly prompt_tokens: number; readonly total_tokens: number };
}

export interface CallOptions {
  readonly signal?: AbortSignal;
}

export interface TokenizerOptions extends CallOptions {
  /** As of `createEngine`. */
  readonly hubToken?: string;
  /** As of `createEngine`, for `sha256:…`. */
  readonly workerUrl?: string | URL;
}

/**
 * A loaded model, ready to answer. It ends with the page, also where the browser keeps that for Back: calls then reject with `closed`.
 */
export interface Engine {
  /** Of the device that runs now: it changes when another one takes over. */
  readonly info: EngineInfo;
  readonly chat: { readonly completions: ChatCompletions };
  readonly completions: TextCompletions;
  readonly embeddings: Embeddings;
  tokenize(text: string, options?: { addSpecial?: boolean; parseSpecial?: boolean }): Promise<number[]>;
  detokenize(ids: readonly number[]): Promise<string>;
  /** Next-token logits, [positions × vocabularySize], at the wanted positions of `ids`. */
  evaluate(
    ids: readonly number[],
    options?: CallOptions & { positions?: 'last' | 'all' | readonly number[] },
  ): Promise<Float32Array>;
  /** Ends a request by the `id` of its answer (`chatcmpl-7`) or its number; true if it was alive. */
  cancel(requestId: string | number): Promise<boolean>;
  /**
   * Hears of the engine: `state` (its own), `request` (of one request), `lost` (the device is gone, live requests wait for another
   * one), `restored` (they go on; `info` is the new one's). The returned function takes the listener back.
   */
  on<Type extends EngineEvent['type']>(
    type: Type,
    listener: (event: Extract<EngineEvent, { type: Type }>) => void,
  ): () => void;
  /**
   * Has answers computed there from now on, those that run included: they go on behind their last token. Resolves with what answers when it
   * is ready. Throws `invalid-request` where the engine was made for one device, and why it is not ready; then all stays as it was.
   */
  use(device: 'bridge' | 'webgpu'): Promise<EngineInfo>;
  snapshot(): Promise<EngineSnapshot>;
  stats(): Promise<EngineStats>;
  /** Frees everything; later calls reject with `closed`. */
  close(): Promise<void>;
}

export interface ChatCompletions {
  create(
    body: ChatBody & { readonly stream: true },
    options?: CallOptions,
  ): Promise<AsyncIterable<ChatCompletionChunk>>;
  create(body: ChatBody & { readonly stream?: false | null }, options?: CallOptions): Promise<ChatCompletion>;
}

export interface TextCompletions {
  create(
    body: CompletionBody & { readonly stream: true },
    options?: CallOptions,
  ): Promise<AsyncIterable<TextCompletion>>;
  create(body: CompletionBody & { readonly stream?: false | null }, options?: CallOptions): Promise<TextCompletion>;
}

export interface Embeddings {
  /**
   * The vector of each input, of length 1, so that the dot product of two is their cosine similarity. Needs a model that
   * makes embeddings (bert, nomic-bert, qwen3-embedding …).
   *
   * ```js
   * const { data } = await engine.embeddings.create({ input: ['search_query: What is light?', 'search_document: Light is …'] });
   * const similarity = data[0].embedding.reduce((sum, value, i) => sum + value * data[1].embedding[i], 0);
   * ```
   *
   * Rejects with `invalid-request` about the body or for a model that writes text, `context-overflow` naming the input that
   * is too long, and an `AbortError` when the signal fires. One input that fails fails the call, and ends its others.
   */
  create(
    body: EmbeddingBody & { readonly encoding_format: 'base64' },
    options?: CallOptions,
  ): Promise<EmbeddingList<string>>;
  create(
    body: EmbeddingBody & { readonly encoding_format?: 'float' | null },
    options?: CallOptions,
  ): Promise<EmbeddingList<readonly number[]>>;
}
