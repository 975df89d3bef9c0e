import type { RatedToken, TokenLogprob } from '../protocol/events';
import type { TokenLogprobEntry, TopLogprob } from './types';

/** OpenAI's stand-in for the logarithm of 0, which JSON cannot hold. */
const LEAST_LOGPROB = -9999;

/** The texts of single tokens, asked for once each and kept: events carry ids, OpenAI's logprobs show text. */
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

  private async describe({ tokenId, logprob, bytes }: RatedToken): Promise<TopLogprob> {
    const token = await this.textOf(tokenId);
    const whole = !token.includes('\uFFFD');
    return {
      token,
      logprob: Math.max(logprob, LEAST_LOGPROB),
      bytes: whole ? [...new TextEncoder().encode(token)] : (bytes ?? null),
    };
  }

  private textOf(id: number): Promise<string> {
    const known = this.texts.get(id);
    if (known !== undefined) return known;
    const text = this.detokenize([id]);
    this.texts.set(id, text);
    return text;
  }
}
