import type { TokenId } from '../base/ids';

export interface EncodeOptions {
  /** Adds the tokens that the model's metadata asks for (BOS, EOS). Default true. */
  readonly addSpecial?: boolean;
  /** Reads special tokens in the text as tokens; off, they are plain text. Default true. */
  readonly parseSpecial?: boolean;
}

/** Text ↔ token ids of one model. Immutable and safe to share. */
export interface Tokenizer {
  readonly vocabularySize: number;
  readonly bosId: TokenId | null;
  readonly eosId: TokenId | null;
  /** Tokens that end a generation: EOS, EOT, `<|im_end|>` and their like. */
  readonly endIds: ReadonlySet<TokenId>;
  encode(text: string, options?: EncodeOptions): TokenId[];
  /** The text of the ids, special tokens included; invalid UTF-8 becomes U+FFFD. */
  decode(ids: readonly number[]): string;
  /** Bytes of one token. Special (control) tokens give none unless `special` is set. */
  bytes(id: TokenId, special?: boolean): Uint8Array;
}

/** Turns a stream of tokens into text without ever giving half a character. */
export interface StreamDecoder {
  /** The text that became whole with this token; '' while a character is incomplete. */
  push(id: TokenId): string;
  /** What is left: incomplete bytes as U+FFFD. */
  flush(): string;
}
