import type { TokenId } from '../base/ids';

/** What `encode` puts around every text, `null` for nothing. */
export interface AddedTokens {
  readonly before: TokenId | null;
  readonly behind: TokenId | null;
}

/** One algorithm that turns plain text into tokens (`tokenizer.ggml.model`). Special tokens are not its business. */
export interface TokenizerModel {
  /** Appends the ids of well-formed text without special tokens. `isAfterSpecial`: a special token, or nothing, stands before it. */
  encode(text: string, isAfterSpecial: boolean, output: TokenId[]): void;
  /** The bytes that a token of plain text stands for. */
  bytes(id: TokenId): Uint8Array;
  readonly added: AddedTokens;
  /** Whether `encode` puts a space before a text, which `decode` takes away. Default false. */
  readonly addsSpacePrefix?: boolean;
  /** What the user should know. */
  readonly notes: readonly string[];
}
