import type { TokenId } from '../base/ids';
import { createStopMatcher } from '../tokenizer/stop-strings';
import { createStreamDecoder } from '../tokenizer/stream-decoder';
import type { Tokenizer } from '../tokenizer/tokenizer';

/** The text of one answer as its tokens arrive: only what is certain comes out, and nothing from a stop string on. */
export class AnswerText {
  readonly #decoder: ReturnType<typeof createStreamDecoder>;
  readonly #matcher: ReturnType<typeof createStopMatcher>;
  #stopped = false;

  constructor(tokenizer: Pick<Tokenizer, 'bytes'>, stops: readonly string[]) {
    this.#decoder = createStreamDecoder(tokenizer);
    this.#matcher = createStopMatcher(stops);
  }

  /** A stop string has been met: nothing belongs to the answer any more. */
  get stopped(): boolean {
    return this.#stopped;
  }

  /** The text that became certain with this token; `stopped` when a stop string has been met. */
  push(id: TokenId): { readonly text: string; readonly stopped: boolean } {
    const { text, stopped } = this.#matcher.push(this.#decoder.push(id));
    this.#stopped = stopped;
    return { text, stopped };
  }

  /** What was held back; '' after a stop string. */
  finish(): string {
    if (this.#stopped) return '';
    const last = this.#matcher.push(this.#decoder.flush());
    return last.stopped ? last.text : last.text + this.#matcher.flush();
  }
}
