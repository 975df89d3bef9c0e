import type { CutFunction } from './pre-tokenizer';

/**
 * Cuts behind every group of three digits, counted from the right. What stands before a number stays with its first group: llama.cpp's
 * rule for AFMoE and Tiny Aya.
 */
export const cutBehindDigitGroups: CutFunction = (piece, output) => {
  const stops: number[] = [];
  for (const { 0: run, index } of piece.matchAll(/\p{N}+/gu)) {
    const ends = characterEnds(run);
    for (let digits = ends.length % 3 || 3; digits <= ends.length; digits += 3)
      stops.push(index + (ends[digits - 1] ?? run.length));
  }
  cutAt(piece, stops, output);
};

/** Cuts before every group of three ASCII digits, counted from the right: `(?=(\d{3})+(?!\d))` in linear time. */
export const cutBeforeDigitGroups: CutFunction = (piece, output) => {
  const stops: number[] = [];
  for (const { 0: run, index } of piece.matchAll(/[0-9]+/g))
    for (let digits = run.length % 3; digits < run.length; digits += 3) stops.push(index + digits);
  cutAt(piece, stops, output);
};

function cutAt(piece: string, stops: readonly number[], output: string[]): void {
  let start = 0;
  for (const stop of [...stops, piece.length]) {
    if (stop > start) output.push(piece.slice(start, stop));
    start = stop;
  }
}

/** Where each character ends, in UTF-16 units. */
function characterEnds(text: string): number[] {
  let end = 0;
  return Array.from(text, (character) => (end += character.length));
}
