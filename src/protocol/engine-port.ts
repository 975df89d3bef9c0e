import type { DeviceCounters, KernelTime } from '../base/counters';
import type { ErrorData } from '../base/errors';
import type { FitReport } from './fit';
import type { LoadProgress } from './progress';
import type { EngineSnapshot } from './snapshot';

/** Where a model's bytes come from. Several files are the parts of one model. */
export type ModelReference = string | Blob | readonly Blob[];

/** How keys and values are kept: as they are rounded to halves, exactly, or as bytes of which 32 share a scale. */
export type KvCacheType = 'f16' | 'f32' | 'q8_0';

/**
 * `exact`: f32 arithmetic on the dequantised weights. `fast`: where that is faster on the adapter, activations are rounded to bytes
 * or halves (32 share a scale) before they meet quantised weights.
 */
export type Precision = 'exact' | 'fast';

/** What the host of an engine (browser worker, daemon) needs to load a model. Plain data and a Blob: it crosses a port. */
export interface LoadOptions {
  readonly model: ModelReference;
  readonly sha256?: string;
  readonly mirrors?: readonly string[];
  readonly hubToken?: string;
  readonly contextLength?: number;
  readonly maxConcurrent: number;
  readonly maxQueued: number;
  readonly kvCacheType: KvCacheType;
  readonly kvCacheTokens?: number;
  readonly precision: Precision;
  /** In the store of the host's origin, where there is one and room in it. */
  readonly keep: boolean;
  readonly timeouts: Timeouts;
  readonly debug: DebugOptions;
}

export interface Timeouts {
  readonly stepMs: number;
  readonly requestMs: number;
  /** How long a load may get nothing, and a reader may leave unread what lies there. */
  readonly stallMs: number;
}

/** Unstable; for tests. */
export interface DebugOptions {
  /** Rows of a prefill step. */
  readonly chunkTokens?: number;
  /** Steps in flight: 1 or 2. */
  readonly depth?: 1 | 2;
  /** Kernel name → variant name, instead of the probe's choice; taken as it is, in every batch width, untested. */
  readonly variants?: Readonly<Record<string, string>>;
  /** WebGPU features to use, instead of all that the adapter has. */
  readonly features?: readonly string[];
  /** WebGPU limits to lower. */
  readonly limits?: Readonly<Record<string, number>>;
  /** Measure the GPU time of each kernel: a pass a dispatch, so it is slower and what it counts are not the engine's own counts. */
  readonly profile?: boolean;
}

/** Of an upstream nobody tells more than the names of model and server: then all else is empty, and 0. */
export interface EngineInfo {
  readonly model: {
    readonly name: string;
    readonly architecture: string;
    readonly quantisation: string;
    readonly sizeBytes: number;
    /** Of the file; of several what `splitIdentity` makes of those of all. */
    readonly sha256: string;
    /** Tokens a request may hold on this engine. */
    readonly contextLength: number;
    readonly vocabularySize: number;
    /** Whether it writes text or makes embeddings; absent where nobody tells: an upstream, a daemon of an older version. */
    readonly purpose?: 'text' | 'embedding';
  };
  readonly device: {
    /** `upstream`: another server, which a bridge passes requests on to. */
    readonly kind: 'webgpu' | 'reference' | 'hip' | 'upstream';
    readonly name: string;
    readonly features: readonly string[];
  };
  /** Decisions a user should know of, as sentences ("the context was cut to 4,096 tokens to fit …"). */
  readonly notes: readonly string[];
  readonly systemFingerprint: string;
  readonly kvCacheTokens: number;
}

/** Counters since load and for the last decode step; names as in the docs' performance gates. */
export interface EngineStats {
  readonly total: DeviceCounters;
  readonly lastStep: DeviceCounters;
  readonly gpuBytes: number;
  readonly pipelinesCreated: number;
  readonly generatedTokens: number;
  readonly promptTokens: number;
  /**
   * Milliseconds of each phase of the last load, one after the other; `start`, told by an engine that has a worker of its own: from the call
   * until the worker was there.
   */
  readonly loadMs: Readonly<Record<string, number>>;
  /** Kernel → chosen variant. */
  readonly variants: Readonly<Record<string, string>>;
  /** Of each kernel variant, with `debug.profile`. */
  readonly kernelTimes: readonly KernelTime[];
}

/** All that is needed to continue an answer elsewhere: whoever receives events keeps it. */
export interface ResumeRequest {
  readonly kind: 'resume';
  readonly of: 'chat' | 'completion';
  readonly body: unknown;
  /** As the event `accepted` told them. */
  readonly seed: number;
  readonly promptIds: readonly number[];
  /** Of every `token` event. */
  readonly emittedIds: readonly number[];
}

/** A request as it reaches the host; bodies are OpenAI's and are validated again there with the same schema. */
export type HostRequest =
  | { readonly kind: 'chat'; readonly body: unknown }
  | { readonly kind: 'completion'; readonly body: unknown }
  | ResumeRequest
  | {
      readonly kind: 'evaluate';
      readonly ids: readonly number[];
      readonly positions: 'last' | 'all' | readonly number[];
    }
  /** One input of a body; `param` is what messages call it. */
  | { readonly kind: 'embed'; readonly body: unknown; readonly param: string };

/**
 * The calls that cross Comlink. Errors cross as `ErrorData` inside a result, because a thrown object loses its class.
 * Tokens never cross here: `submit` takes a transferred MessagePort on which `RequestEvent`s arrive.
 *
 * Nothing tells a host that nobody listens at a port any more (browsers have no `close` event there). So a client cancels before it closes
 * its end, a client that dies takes the host's worker along, and a reader sends a message (any) on its port before each event that it
 * takes: one that leaves events unread for `timeouts.stallMs` is given up, and its request cancelled.
 */
export interface EngineHost {
  /** `persist`: the first model is about to be kept, and only a page can ask the browser to keep what it keeps. */
  load(
    options: LoadOptions,
    onProgress: (progress: LoadProgress) => void,
    persist: () => void,
  ): Promise<Result<EngineInfo>>;
  /** Whether a load with these options would fit, from the model's header. `null`: memory as the host guesses it. */
  checkFit(options: LoadOptions, memoryBudgetBytes: number | null): Promise<Result<FitReport>>;
  /** Ends a running load: its `load` resolves with `aborted`. */
  abortLoad(): void;
  submit(requestId: number, request: HostRequest, port: MessagePort): void;
  cancel(requestId: number): Promise<boolean>;
  /** `EngineEvent`s arrive on the port from now on. */
  watch(port: MessagePort): void;
  tokenize(text: string, options: { addSpecial: boolean; parseSpecial: boolean }): Promise<Result<number[]>>;
  detokenize(ids: readonly number[]): Promise<Result<string>>;
  snapshot(): Promise<Result<EngineSnapshot>>;
  stats(): Promise<Result<EngineStats>>;
  close(): Promise<void>;
}

export type Result<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: ErrorData };
