import type { CutFunction } from './pre-tokenizer';

/** Runs of line feeds apart from the lines between them. A pattern for whole lines would exhaust its stack on a long one. */
export const cutLineEnds: CutFunction = (piece, output) => {
  let start = 0;
  while (start < piece.length) {
    const isLineEnd = piece[start] === '\n';
    let end = start + 1;
    if (isLineEnd) while (piece[end] === '\n') end += 1;
    else {
      const next = piece.indexOf('\n', start);
      end = next < 0 ? piece.length : next;
    }
    output.push(piece.slice(start, end));
    start = end;
  }
};
