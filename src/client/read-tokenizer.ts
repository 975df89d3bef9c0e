import { readGgufHeader } from '../gguf/read-header';
import type { ModelSource } from '../store/source';
import { createChatTokenizer, type ChatTokenizer } from '../tokenizer/chat-tokenizer';
import { abortErrorOf } from './abort';

/**
 * The tokenizer in a model's header. Nothing behind the header is asked for: the transfer ends there.
 * Throws what reading the source and its header throws; an `AbortError` when `signal` fires.
 */
export async function readTokenizer(source: ModelSource, signal: AbortSignal): Promise<ChatTokenizer> {
  try {
    const { stream, sizeBytes } = await source.open(signal);
    const { file, rest } = await readGgufHeader(stream, sizeBytes ?? undefined);
    await rest.cancel(new DOMException('the header is all that was wanted', 'AbortError'));
    return createChatTokenizer(file.metadata);
  } catch (error) {
    throw signal.aborted ? abortErrorOf(signal) : error;
  }
}
