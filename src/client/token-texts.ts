import type { RatedToken, TokenLogprob } from '../protocol/events';
import type { TokenLogprobEntry, TopLogprob } from './types';

/** OpenAI's stand-in for the logarithm of 0, which JSON cannot hold. */
const LEAST_LOGPROB = -9999;

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** The texts of single tokens, asked for once each and kept, where events do not tell their bytes: those carry ids, OpenAI's logprobs show text. */
export class TokenTexts {
  private readonly texts = new Map<number, Promise<string>>();

  constructor(private readonly detokenize: (ids: readonly number[]) => Promise<string>) {}

  /** A token's logprob in OpenAI's shape. */
  async entry(logprob: TokenLogprob): Promise<TokenLogprobEntry> {
    const [own, top] = await Promise.all([
      this.describe(logprob),
      Promise.all(logprob.top.map((each) => this.describe(each))),
    ]);
    return { ...own, top_logprobs: top };
  }

  private async describe({ tokenId, logprob: rated, bytes: told }: RatedToken): Promise<TopLogprob> {
    const logprob = Math.max(rated, LEAST_LOGPROB);
    if (told !== undefined) return { token: decoder.decode(Uint8Array.from(told)), logprob, bytes: told };
    const token = await this.textOf(tokenId);
    return { token, logprob, bytes: token.includes('\uFFFD') ? null : [...new TextEncoder().encode(token)] };
  }

  private textOf(id: number): Promise<string> {
    const known = this.texts.get(id);
    if (known !== undefined) return known;
    const text = this.detokenize([id]);
    this.texts.set(id, text);
    text.catch(() => this.texts.delete(id)); // whoever asked is told; who asks next may be answered
    return text;
  }
}
