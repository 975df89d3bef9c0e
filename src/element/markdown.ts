import type { Token, Tokens } from 'marked';
import { unreachable } from '../base/assert';
import { decodeEntities } from './entities';
import { LateContent } from './late-content';
import type { MathToken } from './markdown-formulas';
import type { MarkdownToken } from './markdown-lexer';
import { make, makeBlock, makeCode, makeLink, scrollable } from './markdown-nodes';
import { TEXT } from './messages';
import { languageOf } from './code-languages';

/**
 * Markdown of untrusted origin (a model's answer) as DOM nodes. Raw HTML is text, images are links, links lead to http, https and mailto
 * only, and every node is made by `make`, which knows what there may be.
 */

type Content = readonly (Node | string)[];

/** How the beginning of a block goes on from one that was cut above it. */
export interface Continuation {
  readonly continued: boolean;
  /** Of the first item, where an ordered list goes on; `null`: as it is written. */
  readonly number: number | null;
}

export const NOT_CONTINUED: Continuation = { continued: false, number: null };

const LANGUAGE = /^[\w+#.-]{1,24}/;
const CLOSING_FENCE = /\n {0,3}(?:`{3,}|~{3,})[`~]* *\n*$/;
/** Of code, in UTF-16 units, that is coloured: more takes too long for a task. */
const MAX_COLOURED = 6_000;

/** Headings of an answer stand below the page's h1, the conversation's h2 and the message's h3. */
const HEADING_OFFSET = 3;
const HEADINGS = ['h4', 'h5', 'h6'] as const;

const colours = new LateContent(async () => (await import('./highlighter')).highlight);
const formulas = new LateContent(async () => (await import('./formula')).formula);

/** The element of one top-level block. */
export function renderBlock(token: MarkdownToken, continuation: Continuation): HTMLElement {
  const content =
    token.type === 'list' && continuation.number !== null
      ? [list({ ...token, start: continuation.number })]
      : block(token);
  return makeBlock(content, continuation.continued);
}

/** A code block whose text is in its one `<code>`. `info` is what stands behind the fence. */
export function codeBlock(text: string, info: string): { readonly pre: HTMLElement; readonly code: HTMLElement } {
  const code = makeCode(text);
  const language = LANGUAGE.exec(info)?.[0];
  const label = language === undefined ? TEXT.chat.code : TEXT.chat.codeIn(language);
  const attributes = { ...(language === undefined ? {} : { 'data-language': language }), ...scrollable(label) };
  return { pre: make('pre', [code], attributes), code };
}

/** Colours code that is complete, later and if its language is known. */
export function colourCode(code: HTMLElement, info: string): void {
  const language = languageOf(LANGUAGE.exec(info)?.[0] ?? '');
  const text = code.textContent;
  if (language !== null && text.length <= MAX_COLOURED) colours.put(code, text, language);
}

function block(token: MarkdownToken): Content {
  switch (token.type) {
    case 'heading':
      return [make(HEADINGS[token.depth - 4 + HEADING_OFFSET] ?? 'h6', inline(token.tokens))];
    case 'paragraph':
      return [make('p', inline(token.tokens))];
    case 'blockquote':
      return [make('blockquote', blocks(token.tokens))];
    case 'list':
      return [list(token)];
    case 'code':
      return [code(token)];
    case 'table':
      return [table(token)];
    case 'hr':
      return [make('hr', [])];
    case 'space':
      return [];
    default:
      return span(token, false);
  }
}

function blocks(tokens: readonly Token[]): Content {
  return ours(tokens).flatMap(block);
}

/** With the extensions that there are, these are all the types of tokens. */
function ours(tokens: readonly Token[]): readonly MarkdownToken[] {
  return tokens as readonly MarkdownToken[];
}

function list(token: Tokens.List): HTMLElement {
  const items = token.items.map((item) => make('li', blocks(item.tokens)));
  if (!token.ordered) return make('ul', items);
  const start = Number(token.start);
  const width = widthOf(start + items.length - 1);
  return make('ol', items, {
    ...(token.start === 1 || token.start === '' ? {} : { start: String(start) }),
    ...(width === null ? {} : { class: width }),
  });
}

/** The class of a list whose last number this is: a year that begins a line makes a list, too. */
function widthOf(number: number): string | null {
  if (number < 1000) return null;
  return number < 100_000 ? 'wide' : 'wider';
}

function code({ raw, text, lang = '' }: Tokens.Code): HTMLElement {
  const made = codeBlock(`${text}\n`, lang);
  if (CLOSING_FENCE.test(raw)) colourCode(made.code, lang);
  return made.pre;
}

function table({ header, rows }: Tokens.Table): HTMLElement {
  const row = (cells: readonly Tokens.TableCell[]): HTMLElement => make('tr', cells.map(cell));
  const made = make('table', [make('thead', [row(header)]), make('tbody', rows.map(row))]);
  return make('div', [made], scrollable(TEXT.chat.table));
}

function cell({ header, align, tokens }: Tokens.TableCell): HTMLElement {
  return make(header ? 'th' : 'td', inline(tokens), align === null ? {} : { align });
}

/** Links do not nest: `inLink` leaves those inside of one as their words. */
function inline(tokens: readonly Token[], inLink = false): Content {
  return ours(tokens).flatMap((token) => span(token, inLink));
}

function span(token: MarkdownToken, inLink: boolean): Content {
  switch (token.type) {
    case 'text':
      return token.tokens === undefined ? [decodeEntities(token.text)] : inline(token.tokens, inLink);
    case 'escape':
      return [token.text];
    case 'strong':
    case 'em':
    case 'del':
      return [make(token.type, inline(token.tokens, inLink))];
    case 'codespan':
      return [makeCode(token.text)];
    case 'br':
      return [make('br', [])];
    case 'checkbox':
      return [token.checked ? '☑ ' : '☐ '];
    case 'link': {
      const words = inline(token.tokens, true);
      return inLink ? words : makeLink(decodeEntities(token.href), words);
    }
    case 'image': {
      const words = [TEXT.chat.image(decodeEntities(token.text === '' ? token.href : token.text))];
      return inLink ? words : makeLink(decodeEntities(token.href), words);
    }
    case 'math':
      return [math(token)];
    // A block where text stands, as in items of a list; HTML and definitions are not tokenised.
    case 'blockquote':
    case 'code':
    case 'heading':
    case 'hr':
    case 'list':
    case 'paragraph':
    case 'space':
    case 'table':
      return block(token);
    case 'def':
    case 'html':
    case 'list_item':
      return [token.raw];
    default:
      return unreachable(token);
  }
}

/** The source, until it can be shown as it is meant; and for good, where it is no formula. */
function math({ raw, display, isOpen }: MathToken): HTMLElement {
  const source = raw.trim();
  const made = make('span', [source], {
    class: display ? 'math display' : 'math',
    ...(display ? scrollable(TEXT.chat.formula) : {}),
  });
  if (!isOpen) formulas.put(made, source, display ? 'display' : 'inline');
  return made;
}
