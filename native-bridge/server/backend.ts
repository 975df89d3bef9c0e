import type { ChatCompletion, ChatCompletionChunk, EmbeddingList, TextCompletion } from '../../src/client/types';
import type { ErrorData } from '../../src/base/errors';
import type { EngineHost, EngineInfo } from '../../src/protocol/engine-port';
import type { FitReport } from '../../src/protocol/fit';
import type { LoadProgress } from '../../src/protocol/progress';

/** A model that a backend can be asked for by name. */
export interface ListedModel {
  /** What a request's `model` may say: a file's name, or the name that an upstream gives. */
  readonly id: string;
  /** Hex; `null` where nobody says (an upstream's), and while files of the model are missing. */
  readonly sha256: string | null;
  readonly sizeBytes: number | null;
  /** On the device now. */
  readonly isLoaded: boolean;
  /** Of a model in several files, the names of those that are not there; without them it answers nothing. */
  readonly missingFiles?: readonly string[];
}

export type BackendState =
  /** Nothing is loaded; the next request may name a model. */
  | { readonly status: 'idle' }
  | {
      readonly status: 'loading';
      readonly model: string;
      readonly loaded: number;
      readonly total: number;
      /** The same with its phase, where that is known. */
      readonly progress?: LoadProgress | null;
    }
  /** `device`: what answers, in words ("hip: AMD Radeon RX 7900 XTX"). */
  | { readonly status: 'ready'; readonly model: string; readonly device: string }
  /** An engine process died and another is being started; live requests wait for it. */
  | { readonly status: 'restarting'; readonly model: string; readonly attempt: number }
  | { readonly status: 'failed'; readonly error: ErrorData };

export interface AskOptions {
  /** The client went away, or the daemon is about to end. */
  readonly signal: AbortSignal;
  /** Web pages name models by hash or by what is loaded, never by path or address. */
  readonly asks: 'page' | 'native';
}

/**
 * What answers the daemon's calls: an engine process on this computer, or a server elsewhere. Bodies are OpenAI's, as they came; answers are
 * OpenAI's objects. Whatever goes wrong is a `ForgelightError`; a signal that fires rejects with an `AbortError`. With `stream: true` in the
 * body an answer is an iterable of chunks; leaving it early cancels the request.
 */
export interface Backend {
  /** `none`: nothing on this computer answers; every call says why. */
  readonly kind: 'engine' | 'upstream' | 'none';
  state(): BackendState;
  models(): Promise<readonly ListedModel[]>;
  chat(body: unknown, options: AskOptions): Promise<ChatCompletion | AsyncIterable<ChatCompletionChunk>>;
  complete(body: unknown, options: AskOptions): Promise<TextCompletion | AsyncIterable<TextCompletion>>;
  embed(body: unknown, options: AskOptions): Promise<EmbeddingList<readonly number[] | string>>;
  /** Counters for `/metrics`: name without prefix → value. */
  metrics(): Readonly<Record<string, number>>;
  /** Frees what it holds; idempotent. Ends every request with `closed`. */
  close(): Promise<void>;
}

/** A backend on this computer also lends its engine, so that a page can hand a running answer over by its tokens. */
export interface EngineBackend extends Backend {
  readonly kind: 'engine';
  /** The engine with this model (`sha256:…`), loaded if it has to be. `native` callers may name files of the store. */
  engine(model: string, options: AskOptions): Promise<LentEngine>;
  /** Whether a stored model would run here, by its header and the device's free memory; what is loaded now would go. Loads nothing. */
  checkFit(model: string, options: AskOptions): Promise<FitReport>;
  /** Takes the model off the device when nothing runs on it: false if something does, or nothing is loaded. */
  unload(): Promise<boolean>;
}

export function isEngineBackend(backend: Backend): backend is EngineBackend {
  return backend.kind === 'engine';
}

export interface LentEngine {
  readonly info: EngineInfo;
  /** As of a browser's worker, but for `load`, `checkFit` and `close`, which belong to the backend. */
  readonly host: Omit<EngineHost, 'load' | 'abortLoad' | 'checkFit' | 'close'>;
}
