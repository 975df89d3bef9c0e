/** A formula, with the delimiters that it is written in. */
export interface MathToken {
  readonly type: 'math';
  readonly raw: string;
  readonly display: boolean;
  /** Its end has not come, and all of the text may belong to it. */
  readonly isOpen: boolean;
}

/** So long a formula is at most, in UTF-16 units: what is longer is text. */
const MAX_FORMULA = 2000;
const DISPLAY = /^\$\$(?!\$)((?:\\[^]|[^\\$])+?)\$\$(?!\$)|^\\\[(?!\\\])([^]+?)\\\]/;
/** As Pandoc has it, so that prices stay text: no space inside of the dollars, no letter or digit after them, one line. */
const INLINE = /^\$(?![\s$])((?:\\.|[^\\$\n`])*?[^\s\\$`])\$(?![\w$])|^\\\((.+?)\\\)/;
/** Numbers and words without any sign of mathematics, such as "5 or 10". */
const PLAIN = /^[\d.,]*\s[^\\^_={}+*/<>|]*$/;

/** The line that a displayed formula may begin with. */
const OPENING_LINE = /^ {0,3}(?=\$\$(?!\$)|\\\[(?!\\\]))/;
const OPENING_LINES = new RegExp(OPENING_LINE, 'gm');
/** What is above such a line in a paragraph: no empty line, nor one that underlines a heading. */
const ABOVE = /^[^\n]*(?:\n(?! {0,3}(?:=+|-+)?[ \t]*(?:\n|$))[^\n]+)*?(?=\n {0,3}(?:\$\$(?!\$)|\\\[(?!\\\])))/;
/** What may stand behind it in its last line. */
const LINE_END = /^[ \t]*[.,;:]?[ \t]*(?:\n|$)/;
/** One whose end has not come, or half of it. */
const UNFINISHED = /^(?:\$\$(?:\\[^]|[^\\$])*[\\$]?|\\\[(?:(?!\\\])[^])*)$/;
/** The same among words of a line, where it is short: one dollar is more often a price. */
const UNFINISHED_INLINE = /^(?:\$(?![\s$])(?:\\.|[^\\$\n`])*|\\\((?:(?!\\\)).)*)$/;
const MAX_UNFINISHED_INLINE = 200;
/** In front of a dollar: it begins no formula. */
const NO_BEGINNING = /[\w$\\]$/;
const EMPTY_LINE = /\n[ \t]*\n/;

/** The formula that `source` begins with; `before` is what stands in front of it. Source: what models write, LaTeX's and Markdown's delimiters. */
export function formulaAt(source: string, before: string): MathToken | undefined {
  const display = DISPLAY.exec(source);
  const inline = display === null ? INLINE.exec(source) : null;
  const raw = display?.[0] ?? inline?.[0];
  const formula = (display?.[1] ?? display?.[2] ?? inline?.[1] ?? inline?.[2])?.trim();
  if (raw === undefined || formula === undefined || formula === '' || raw.length > MAX_FORMULA) return undefined;
  if (raw.startsWith('$') && (NO_BEGINNING.test(before) || (inline !== null && PLAIN.test(formula)))) return undefined;
  return { type: 'math', raw, display: display !== null, isOpen: false };
}

/** The displayed formula that `source` begins with, if no words share its lines: whatever these begin with, it makes no list and no heading. */
export function displayedAt(source: string): MathToken | undefined {
  const indent = OPENING_LINE.exec(source)?.[0];
  if (indent === undefined) return undefined;
  const text = source.slice(indent.length);
  const closed = formulaAt(text.slice(0, MAX_FORMULA + 1), '');
  // Words behind its beginning are far more often just text.
  const isOpen = closed === undefined && isAlone(text) && text.length <= MAX_FORMULA && UNFINISHED.test(text);
  const raw = closed?.raw ?? text;
  if (hasGap(raw) || !(isOpen || (closed !== undefined && LINE_END.test(text.slice(raw.length))))) return undefined;
  return { type: 'math', raw: indent + raw, display: true, isOpen };
}

/** Where the paragraph that `source` begins with ends, if a displayed formula may begin in it, below its first line; `undefined`: none does. */
export function displayedBelow(source: string): number | undefined {
  return ABOVE.exec(source)?.[0].length;
}

/** Where in `text` what is read as words may turn out to be a displayed formula, once its end comes; `undefined`: nowhere. */
export function undecidedAt(text: string): number | undefined {
  for (const { 0: indent, index } of text.matchAll(OPENING_LINES)) {
    const rest = text.slice(index + indent.length);
    if (rest.length <= MAX_FORMULA && UNFINISHED.test(rest) && !EMPTY_LINE.test(rest)) return index;
  }
  return undefined;
}

/** Where the formula begins in which `at` lies, or may lie once its end comes; `undefined`: in none. */
export function formulaOver(text: string, at: number): number | undefined {
  const beginning = /\$\$?|\\[[(]/g;
  for (let found = beginning.exec(text); found !== null && found.index < at; found = beginning.exec(text)) {
    const { index } = found;
    const before = text.slice(Math.max(0, index - 1), index);
    const rest = text.slice(index, index + MAX_FORMULA + 1);
    const length = formulaAt(rest, before)?.raw.length ?? 0;
    if (index + length > at || (length === 0 && mayBegin(rest, before))) return index;
    beginning.lastIndex = Math.max(beginning.lastIndex, index + length);
  }
  return undefined;
}

function mayBegin(rest: string, before: string): boolean {
  if (rest.length > MAX_FORMULA || (rest.startsWith('$') && NO_BEGINNING.test(before))) return false;
  if (UNFINISHED.test(rest)) return !EMPTY_LINE.test(rest);
  return rest.length <= MAX_UNFINISHED_INLINE && UNFINISHED_INLINE.test(rest);
}

/** Dollars of which words follow are more often prices than a formula with an empty line in it. */
function hasGap(raw: string): boolean {
  return !isAlone(raw) && EMPTY_LINE.test(raw);
}

/** Whether nothing stands behind the delimiter in its line. */
function isAlone(text: string): boolean {
  return /^..[ \t]*(?:\n|$)/.test(text);
}
