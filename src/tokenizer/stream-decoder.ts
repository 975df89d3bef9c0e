import type { StreamDecoder, Tokenizer } from './tokenizer';

/**
 * A decoder for the tokens of one answer. Control tokens give no text; what is no UTF-8 becomes U+FFFD as soon as that is certain, by the
 * rules of the WHATWG Encoding Standard, so the pieces together are what decoding all bytes at once gives.
 */
export function createStreamDecoder(tokenizer: Pick<Tokenizer, 'bytes'>): StreamDecoder {
  // without ignoreBOM a U+FEFF that a model writes first would be swallowed
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  return {
    push: (id) => decoder.decode(tokenizer.bytes(id), { stream: true }),
    flush: () => decoder.decode(),
  };
}
