import type { CutFunction } from './pre-tokenizer';

/**
 * Digits in groups of three, counted from the right. What stands before a number stays with its first group: llama.cpp's rule for
 * AFMoE and Tiny Aya.
 */
export const cutNumbersFromRight: CutFunction = (piece, output) => cutRuns(piece, /\p{N}+/gu, true, output);

/** The same for ASCII digits, a number's first group apart from what stands before it. */
export const cutDigitsFromRight: CutFunction = (piece, output) => cutRuns(piece, /[0-9]+/g, false, output);

function cutRuns(piece: string, digits: RegExp, joinsBefore: boolean, output: string[]): void {
  let end = 0;
  const push = (to: number): void => {
    if (to > end) output.push(piece.slice(end, to));
    end = to;
  };
  for (const { 0: run, index } of piece.matchAll(digits)) {
    const stops = characterStops(run);
    const firstGroup = stops.length % 3 || 3;
    if (!joinsBefore) push(index);
    for (let group = firstGroup; group <= stops.length; group += 3) push(index + (stops[group - 1] ?? run.length));
  }
  push(piece.length);
}

/** Where each character ends, in UTF-16 units. */
function characterStops(text: string): number[] {
  let end = 0;
  return Array.from(text, (character) => (end += character.length));
}
