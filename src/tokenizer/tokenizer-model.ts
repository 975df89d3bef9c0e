import type { TokenId } from '../base/ids';

/** One algorithm that turns plain text into tokens (`tokenizer.ggml.model`). Special tokens are not its business. */
export interface TokenizerModel {
  /** Appends the ids of a text without special tokens. */
  encode(text: string, output: TokenId[]): void;
  /** The bytes that a token of plain text stands for. */
  bytes(id: TokenId): Uint8Array;
  /** Whether BOS is added where metadata does not say. */
  readonly addBos: boolean;
  /** What the user should know. */
  readonly notes: readonly string[];
}
