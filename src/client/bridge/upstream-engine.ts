import { NO_COUNTS } from '../../base/counters';
import { ForgelightError } from '../../base/errors';
import type { ParsedEngineOptions } from '../../protocol/engine-options-schema';
import type { EngineInfo } from '../../protocol/engine-port';
import { plainBody } from '../completions';
import type { Lifeline } from '../lifeline';
import { engineClosed } from '../lifeline';
import type { CallOptions, ChatBody, CompletionBody, EmbeddingBody, Engine } from '../types';
import { bridgeAddress, BridgeHttp } from './bridge-http';
import type { BridgeScope } from './bridge-scope';
import { assertListener } from '../assert-listener';
import { Listeners } from './listeners';
import { unusedOptions } from './unused-options';
import { chatChunkOf, chatOf, completionChunkOf, completionOf, embeddingsOf, upstreamDevice } from './upstream-answers';
import { UpstreamPulse } from './upstream-pulse';
import { UpstreamRequests, type UpstreamCall } from './upstream-requests';

/** Of a list in a message. */
const MOST_NAMES = 10;

export interface UpstreamParts {
  readonly options: ParsedEngineOptions;
  readonly scope: BridgeScope;
  readonly lifeline: Lifeline;
  /** From the call of `createEngine`, on the page's clock. */
  readonly startMs: () => number;
}

/**
 * An engine whose answers are another server's, by way of a daemon that passes requests on: bodies and answers pass as OpenAI has them. What
 * that server does not tell is empty in `info`, or a `missing-feature`. Throws `invalid-request` (`param: 'model'`) for a model that the
 * server does not list, and as `BridgeHttp`.
 */
export async function openUpstreamEngine({ options, scope, lifeline, startMs }: UpstreamParts): Promise<Engine> {
  const { load, bridgeToken: token } = options;
  const { signal } = options;
  const url = bridgeAddress(options.bridgeUrl);
  const http = new BridgeHttp(scope, { url, token, stallMs: load.timeouts.stallMs });
  const patient = new BridgeHttp(scope, { url, token, stallMs: load.timeouts.requestMs });
  const { device } = (await http.json('/v1/hello', { signal })) as { readonly device?: unknown };
  const model = modelIn(await http.json('/v1/models', { signal }), load.model);
  const info = infoOf(model, device, unusedOptions(load));
  const ended = new AbortController();
  const listeners = new Listeners();
  const gone = (error: ForgelightError): void => {
    if (!lifeline.end(error)) return;
    const { code, message } = error;
    listeners.tell({ type: 'state', state: 'gone', retryAtMs: null, error: { code, message } });
  };
  lifeline.onEnd(() => ended.abort());
  const pulse = new UpstreamPulse({
    ...{ http, url, clock: scope.clock, sight: scope.sight, signal: ended.signal },
    gone: ({ code, message }) => gone(new ForgelightError(code, message)),
  });
  const tell = (event: Parameters<Listeners['tell']>[0]): void => listeners.tell(event);
  const requests = new UpstreamRequests({ http, patient, lifeline, tell, missed: () => pulse.missed() });
  const startedMs = startMs();
  options.onProgress?.({ phase: 'ready', loaded: 1, total: 1, bytesPerSecond: 0, etaSeconds: null, resumed: 0 });
  return {
    info,
    ...calls(requests, model, info),
    tokenize: () => Promise.reject(noTokens()),
    detokenize: () => Promise.reject(noTokens()),
    evaluate: () => Promise.reject(noTokens()),
    cancel: async (id) => {
      lifeline.throwIfEnded();
      return requests.cancel(id);
    },
    on(type, listener) {
      assertListener(type, listener);
      return listeners.on(type, listener);
    },
    use: () => Promise.reject(stays()),
    snapshot: async () => {
      lifeline.throwIfEnded();
      const live = requests.snapshot();
      const kv = { totalBlocks: 0, freeBlocks: 0, blockTokens: 0, window: null };
      return { version: requests.version, state: 'ready', requests: live, retryAtMs: null, kv, queue: 0 };
    },
    stats: async () => {
      lifeline.throwIfEnded();
      return {
        ...{ total: NO_COUNTS, lastStep: NO_COUNTS, gpuBytes: 0, pipelinesCreated: 0 },
        ...{ generatedTokens: 0, promptTokens: 0, loadMs: { start: startedMs }, variants: {}, kernelTimes: [] },
      };
    },
    close: async () => {
      if (!lifeline.end(engineClosed())) return;
      listeners.tell({ type: 'state', state: 'closed', retryAtMs: null, error: null });
    },
  };
}

/** OpenAI's three calls. */
function calls(
  requests: UpstreamRequests,
  model: string,
  { device }: EngineInfo,
): Pick<Engine, 'chat' | 'completions' | 'embeddings'> {
  const call = (path: UpstreamCall['path'], body: object, { signal }: CallOptions): UpstreamCall => {
    return { path, body: plainBody(body, model) as object, signal };
  };
  const chat = async (body: ChatBody, options: CallOptions = {}): Promise<unknown> => {
    const asked = call('/v1/chat/completions', body, options);
    if (body.stream === true) return requests.stream(asked, (frame) => chatChunkOf(frame, device));
    return requests.whole(asked, (answer) => chatOf(answer, device));
  };
  const complete = async (body: CompletionBody, options: CallOptions = {}): Promise<unknown> => {
    const asked = call('/v1/completions', body, options);
    if (body.stream === true) return requests.stream(asked, (frame) => completionChunkOf(frame, device));
    return requests.whole(asked, (answer) => completionOf(answer, device));
  };
  const embed = async (body: EmbeddingBody, options: CallOptions = {}): Promise<unknown> =>
    requests.whole(call('/v1/embeddings', body, options), embeddingsOf);
  // What a body asks for is what comes: its overloads say so.
  return {
    chat: { completions: { create: chat as Engine['chat']['completions']['create'] } },
    completions: { create: complete as Engine['completions']['create'] },
    embeddings: { create: embed as Engine['embeddings']['create'] },
  };
}

/** The name that requests send along. */
function modelIn(list: unknown, wanted: ParsedEngineOptions['load']['model']): string {
  const { data } = (list ?? {}) as { readonly data?: unknown };
  const names = (Array.isArray(data) ? data : []).flatMap((entry: unknown) => {
    const { id } = (entry ?? {}) as { readonly id?: unknown };
    return typeof id === 'string' ? [id] : [];
  });
  if (typeof wanted === 'string' && names.includes(wanted)) return wanted;
  const what = typeof wanted === 'string' ? `has no model “${wanted}”` : 'takes models by their names, and no files';
  const shown = names.slice(0, MOST_NAMES).join(', ') + (names.length > MOST_NAMES ? ' …' : '');
  const which = names.length === 0 ? 'It lists none: look whether it runs.' : `It has: ${shown}.`;
  throw new ForgelightError('invalid-request', `The server behind the bridge ${what}. ${which}`, { param: 'model' });
}

/** What nobody tells is empty, and 0. */
function infoOf(name: string, device: unknown, notes: readonly string[]): EngineInfo {
  const { name: server } = upstreamDevice(device) ?? { name: 'the server behind the bridge' };
  return {
    model: {
      ...{ name, architecture: '', quantisation: '', sizeBytes: 0, sha256: '' },
      ...{ contextLength: 0, vocabularySize: 0 },
    },
    device: { kind: 'upstream', name: server, features: [] },
    notes,
    systemFingerprint: '',
    kvCacheTokens: 0,
  };
}

function noTokens(): ForgelightError {
  return new ForgelightError(
    'missing-feature',
    'The server behind the bridge tells no tokens and no logits: chat, completions and embeddings are answered there. Load a model in the page for this.',
  );
}

function stays(): ForgelightError {
  return new ForgelightError(
    'invalid-request',
    'Answers of another server stay there: create an engine with a model of this page to be answered here.',
    { param: 'device' },
  );
}
