/** SentencePiece's spelling of a space in tokens: U+2581. */
export const SPACE_MARK = '\u2581';

export function markSpaces(text: string): string {
  return text.replaceAll(' ', SPACE_MARK);
}

/** The bytes of a token in SentencePiece's spelling. */
export function unmarkedBytes(text: string): Uint8Array {
  return new TextEncoder().encode(text.replaceAll(SPACE_MARK, ' '));
}
