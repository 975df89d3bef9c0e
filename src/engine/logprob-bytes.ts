import type { RatedToken, TokenLogprob } from '../protocol/events';
import type { Tokenizer } from '../tokenizer/tokenizer';

const SPACE = 0x20;

/**
 * The same, with the bytes of tokens whose texts do not tell them: of a part of a character a reader sees U+FFFD, and some vocabularies begin
 * no text with the space of its first token.
 */
export function withBytes(logprob: TokenLogprob, tokenizer: Pick<Tokenizer, 'bytes'>): TokenLogprob {
  const decoder = new TextDecoder();
  const told = <T extends RatedToken>(token: T): T => {
    const bytes = tokenizer.bytes(token.tokenId);
    const isTold = bytes[0] !== SPACE && !decoder.decode(bytes).includes('\uFFFD');
    return isTold ? token : { ...token, bytes: [...bytes] };
  };
  return { ...told(logprob), top: logprob.top.map(told) };
}
