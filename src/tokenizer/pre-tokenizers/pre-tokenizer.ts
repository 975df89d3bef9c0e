/** How text is cut into words before byte-pair encoding, which never merges across words. */
export interface PreTokenizer {
  /** Applied in turn, each to the pieces that the ones before left. */
  readonly cuts: readonly Cut[];
  /** A word that is a token as it stands is not built from merges. Default false. */
  readonly wholeWordsFirst?: boolean;
  /** Whether BOS is added where metadata does not say. Default false. */
  readonly addBos?: boolean;
}

/**
 * A pattern's matches, what lies between them staying as pieces of their own; or a function, where no pattern does it in linear time.
 * Patterns are global and Unicode-aware; none matches the empty text. `\p{White_Space}` and not `\s`, which has U+FEFF and lacks U+0085.
 */
export type Cut = RegExp | CutFunction;

/** Appends the pieces of a text: in order, without gaps, none empty. */
export type CutFunction = (piece: string, output: string[]) => void;

/** The words of a text, in order and without gaps. */
export function splitWords(text: string, preTokenizer: PreTokenizer): string[] {
  let pieces = text === '' ? [] : [text];
  for (const cut of preTokenizer.cuts) {
    const finer: string[] = [];
    for (const piece of pieces) {
      if (typeof cut === 'function') cut(piece, finer);
      else cutByPattern(piece, cut, finer);
    }
    pieces = finer;
  }
  return pieces;
}

function cutByPattern(piece: string, pattern: RegExp, output: string[]): void {
  let end = 0;
  pattern.lastIndex = 0;
  for (let match = pattern.exec(piece); match !== null; match = pattern.exec(piece)) {
    if (match.index > end) output.push(piece.slice(end, match.index));
    output.push(match[0]);
    end = pattern.lastIndex;
  }
  if (end < piece.length) output.push(piece.slice(end));
}
