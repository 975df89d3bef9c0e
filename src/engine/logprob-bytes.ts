import type { RatedToken, TokenLogprob } from '../protocol/events';
import type { Tokenizer } from '../tokenizer/tokenizer';

/** The same, with the bytes of tokens whose texts do not tell them: of a part of a character a reader sees U+FFFD. */
export function withBytes(logprob: TokenLogprob, tokenizer: Pick<Tokenizer, 'bytes'>): TokenLogprob {
  const decoder = new TextDecoder();
  const told = <T extends RatedToken>(token: T): T => {
    const bytes = tokenizer.bytes(token.tokenId);
    return decoder.decode(bytes).includes('\uFFFD') ? { ...token, bytes: [...bytes] } : token;
  };
  return { ...told(logprob), top: logprob.top.map(told) };
}
