import { systemClock } from '../base/system-clock';
import { parseEngineOptions } from '../protocol/engine-options-schema';
import { DEFAULT_TIMEOUTS } from '../protocol/timeouts';
import type { ModelReference } from '../protocol/engine-port';
import { modelSource } from '../store/open-model';
import type { ModelSource } from '../store/source';
import { storedSets } from '../store/stored-sets';
import type { ChatTokenizer } from '../tokenizer/chat-tokenizer';
import { onAbort, throwIfAborted } from './abort';
import { browserScope, type EngineScope } from './browser-scope';
import { openModelStoreIn, type ModelStore } from './model-store';
import { readTokenizer } from './read-tokenizer';
import type { TokenizerOptions } from './types';
import { defaultWorkerUrl } from './worker-url';

/**
 * The tokenizer and chat template of a model, from the header of its file alone: no GPU, no weights. Works in pages and in Node;
 * `sha256:…` in pages alone, where the store's worker reads it.
 *
 * Throws `invalid-request` about the reference, `network`, `timeout`, `bad-gguf`, `unsupported-architecture` for a tokenizer that is
 * not known; a `DOMException` named `AbortError` when `signal` fires.
 */
export async function loadTokenizer(model: ModelReference, options: TokenizerOptions = {}): Promise<ChatTokenizer> {
  const { load, signal, workerUrl } = parseEngineOptions({
    model,
    signal: options.signal,
    hubToken: options.hubToken,
    workerUrl: options.workerUrl,
  });
  throwIfAborted(signal);
  if (isStored(load.model) && typeof Worker !== 'undefined' && typeof location !== 'undefined') {
    return await readStored(browserScope(), load.model, { signal, workerUrl: workerUrl ?? defaultWorkerUrl() });
  }
  const source = modelSource(load.model, {
    clock: systemClock,
    random: Math.random,
    stallMs: DEFAULT_TIMEOUTS.stallMs,
    ...(load.hubToken === undefined ? {} : { hubToken: load.hubToken }),
    ...(typeof location === 'undefined' ? {} : { baseUrl: location.href }),
  });
  return await readTokenizer(source, signal ?? new AbortController().signal);
}

function isStored(model: ModelReference): model is string {
  return typeof model === 'string' && /^sha256:[0-9a-f]{64}$/i.test(model);
}

/** Out of the store of this page's origin. */
export async function readStored(
  scope: EngineScope,
  model: string,
  { signal, workerUrl }: { readonly signal: AbortSignal | null; readonly workerUrl: string | URL },
): Promise<ChatTokenizer> {
  const store = await openModelStoreIn(scope, { workerUrl, ...(signal === null ? {} : { signal }) });
  const forget = onAbort(signal, () => store.close());
  try {
    return await readTokenizer(exported(store, model), signal ?? new AbortController().signal);
  } finally {
    forget();
    store.close();
  }
}

function exported(store: ModelStore, model: string): ModelSource {
  return {
    label: model,
    async open() {
      const { stream, sizeBytes, fileName } = await store.export(await headerFile(store, model));
      const reader = stream.getReader();
      const read = async (): Promise<Uint8Array | null> => (await reader.read()).value ?? null;
      return { stream: { read, cancel: (reason) => reader.cancel(reason) }, sizeBytes, sha256: null, fileName };
    },
  };
}

/** The file that a model's header is in: of several the first one. */
async function headerFile(store: ModelStore, model: string): Promise<string> {
  const sets = await storedSets(await store.list());
  const set = sets.find(({ sha256 }) => `sha256:${sha256}` === model.toLowerCase());
  return set?.parts[0]?.sha256 ?? model;
}
