import type { Tokens } from 'marked';
import type { Continuation } from './markdown';
import { NOT_CONTINUED } from './markdown';
import { formulaOver } from './markdown-formulas';
import type { Block } from './markdown-lexer';

/** A place in a block that is too long to be read again with every token: above it all is final. */
export interface Cut {
  /** What stands above it, in UTF-16 units of the block's source. */
  readonly length: number;
  readonly next: Continuation;
  /** What the rest is read behind, though it is not written there: the head of a table. */
  readonly prefix: string;
}

/**
 * Where the one `block` that a whole window holds is cut; `null`: nowhere good, a longer window may have a better place. It depends on nothing
 * but the window, so that every way to the same text cuts at the same places. `mustCut`: the window cannot grow any more.
 */
export function cutOf({ source, token }: Block, mustCut: boolean): Cut | null {
  switch (token.type) {
    case 'list':
      return cutOfList(source, token) ?? (mustCut ? behindLine(source) : null);
    case 'table':
      return mustCut ? cutOfTable(source) : null;
    case 'blockquote':
    case 'code':
      return mustCut ? behindLine(source) : null;
    default:
      return behindWord(source);
  }
}

function cutOfList(source: string, { raw, items, ordered, start }: Tokens.List): Cut | null {
  const last = items.at(-1);
  if (last === undefined || items.length < 2) return null;
  const number = ordered ? Number(start) + items.length - 1 : null;
  const length = source.indexOf(raw) + items.slice(0, -1).reduce((sum, item) => sum + item.raw.length, 0);
  return { length, next: { continued: true, number }, prefix: '' };
}

function cutOfTable(source: string): Cut {
  const [prefix = ''] = /^\s*[^\n]*\n[^\n]*\n/.exec(source) ?? [];
  const length = source.lastIndexOf('\n') + 1;
  if (length <= prefix.length) return behindWord(source);
  return { length, next: { continued: true, number: null }, prefix: prefix.trimStart() };
}

function behindLine(source: string): Cut {
  const length = source.lastIndexOf('\n') + 1;
  return length < source.length / 2 ? behindWord(source) : { length, next: NOT_CONTINUED, prefix: '' };
}

/**
 * Before a letter, with which no other block can begin; at the end of a line, if there is one in the lower half. Or before the formula in which
 * that place lies, with which none can begin either.
 */
function behindWord(source: string): Cut {
  const half = source.length >> 1;
  const lower = source.slice(half);
  const found = Math.max(lastMatch(lower, /\n(?=\p{L})/gu), 0) || Math.max(lastMatch(lower, /\s(?=\p{L})/gu), 0);
  const cut = found === 0 ? wholeCharacters(source) : half + found;
  const formula = formulaOver(source, cut) ?? cut;
  // One that the source begins with is too long, or none.
  const length = /\S/.test(source.slice(0, formula)) ? formula : cut;
  return { length, next: { continued: true, number: null }, prefix: '' };
}

/** Where the last match ends; -1 without any. */
function lastMatch(text: string, pattern: RegExp): number {
  let end = -1;
  for (const match of text.matchAll(pattern)) end = match.index + match[0].length;
  return end;
}

function wholeCharacters(source: string): number {
  return /[\ud800-\udbff]$/.test(source) ? source.length - 1 : source.length;
}
