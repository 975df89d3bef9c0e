/** How text is cut into words before byte-pair encoding, which never merges across words. */
export interface PreTokenizer {
  /**
   * Applied in turn, each to the pieces that the ones before left; what a pattern does not match stays as a piece of its own.
   * Global and Unicode-aware; none matches the empty text. `\p{White_Space}` and not `\s`, which has U+FEFF and lacks U+0085.
   */
  readonly patterns: readonly RegExp[];
  /** A word that is a token as it stands is not built from merges. Default false. */
  readonly wholeWordsFirst?: boolean;
  /** Whether BOS is added where metadata does not say. Default false. */
  readonly addBos?: boolean;
}

/** The words of a text, in order and without gaps. */
export function splitWords(text: string, preTokenizer: PreTokenizer): string[] {
  let pieces = text === '' ? [] : [text];
  for (const pattern of preTokenizer.patterns) {
    const finer: string[] = [];
    for (const piece of pieces) splitPiece(piece, pattern, finer);
    pieces = finer;
  }
  return pieces;
}

function splitPiece(piece: string, pattern: RegExp, output: string[]): void {
  let end = 0;
  pattern.lastIndex = 0;
  for (let match = pattern.exec(piece); match !== null; match = pattern.exec(piece)) {
    if (match.index > end) output.push(piece.slice(end, match.index));
    output.push(match[0]);
    end = pattern.lastIndex;
  }
  if (end < piece.length) output.push(piece.slice(end));
}
