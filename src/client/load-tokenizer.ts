import { systemClock } from '../base/system-clock';
import { parseEngineOptions } from '../protocol/engine-options-schema';
import { DEFAULT_TIMEOUTS } from '../protocol/timeouts';
import type { ModelReference } from '../protocol/engine-port';
import { modelSource } from '../store/open-model';
import type { ChatTokenizer } from '../tokenizer/chat-tokenizer';
import { throwIfAborted } from './abort';
import { readTokenizer } from './read-tokenizer';
import type { TokenizerOptions } from './types';

/**
 * The tokenizer and chat template of a model, from the header of its file alone: no GPU, no weights. Works in pages and in Node.
 *
 * Throws `invalid-request` about the reference, `network`, `timeout`, `bad-gguf`, `unsupported-architecture` for a tokenizer that is
 * not known; a `DOMException` named `AbortError` when `signal` fires.
 */
export async function loadTokenizer(model: ModelReference, options: TokenizerOptions = {}): Promise<ChatTokenizer> {
  const { load, signal } = parseEngineOptions({ model, signal: options.signal, hubToken: options.hubToken });
  throwIfAborted(signal);
  const source = modelSource(load.model, {
    clock: systemClock,
    random: Math.random,
    stallMs: DEFAULT_TIMEOUTS.stallMs,
    ...(load.hubToken === undefined ? {} : { hubToken: load.hubToken }),
    ...(typeof location === 'undefined' ? {} : { baseUrl: location.href }),
  });
  return await readTokenizer(source, signal ?? new AbortController().signal);
}
