import type { MarkedToken, Token, Tokens } from 'marked';
import { Lexer, Marked } from 'marked';
import type { MathToken } from './markdown-formulas';
import { displayedAt, displayedBelow, formulaAt, undecidedAt } from './markdown-formulas';

export type MarkdownToken = MarkedToken | MathToken;

export interface Block {
  /** The source that the block was made of; the blocks' sources together are the text. */
  readonly source: string;
  readonly token: MarkdownToken;
}

/** A block is final once this many stand below it: until then more text may join or change it (a setext underline, a list's next item). */
const OPEN_BLOCKS = 2;
/** So many quotations and lists that begin on one line are text: the lexer calls itself for each. No text has two ways to match, so that no text takes long. */
const NESTED = /^(?:[ \t]*(?:>|(?:[-*+]|\d{1,9}[.)])(?=[ \t]))){40}/;
/** Tokens that lie in each other at most: a deeper block is text, because who makes or lays out its nodes calls itself for each. */
const MAX_DEPTH = 100;

const marked = new Marked({
  gfm: true,
  breaks: true,
  tokenizer: {
    // Not tokenised, so that HTML stays text, and markdown inside of it stays markdown.
    html: () => undefined,
    tag: () => undefined,
    // A definition would change blocks above it that are long on the screen.
    def: () => undefined,
    // `false`: as it is without this.
    blockquote: unlessNested,
    list: unlessNested,
    // A line of a formula underlines nothing.
    lheading: (source) => (displayedBelow(source) === undefined ? false : undefined),
  },
  extensions: [
    { name: 'displayed', level: 'block', start: displayedBelow, tokenizer: displayedAt },
    {
      name: 'math',
      level: 'inline',
      start: (source) => /\$|\\[[(]/.exec(source)?.index,
      tokenizer: (source, tokens) => formulaAt(source, tokens.at(-1)?.raw ?? ''),
    },
  ],
});

/** Line ends as `lexBlocks` expects them. Keeps the length of every prefix that does not end between CR and LF. */
export function normaliseLineEnds(text: string): string {
  return text.includes('\r') ? text.replace(/\r\n?/g, '\n') : text;
}

/** The top-level blocks of `text`. What is too deep to be read is one paragraph. */
export function lexBlocks(text: string): readonly Block[] {
  return blocksOf(tokensOf(text, () => marked.lexer(text)));
}

/** The sources of the blocks that `lexBlocks` gives. Nobody looks inside of them, which is what takes long. */
export function outlineOf(text: string): readonly string[] {
  const lexer = new Lexer(marked.defaults);
  return blocksOf(tokensOf(text, () => lexer.blockTokens(text, lexer.tokens))).map(({ source }) => source);
}

/** How many of the blocks with these sources, the last ones of a text that grows, stay what they are whatever comes. */
export function finalCount(sources: readonly string[]): number {
  const count = Math.max(0, sources.length - OPEN_BLOCKS);
  const undecided = undecidedAt(sources.join('')) ?? Infinity;
  let end = 0;
  const changing = sources.findIndex((source) => (end += source.length) > undecided);
  return changing === -1 ? count : Math.min(count, changing);
}

function blocksOf(tokens: readonly MarkdownToken[]): readonly Block[] {
  const blocks: { source: string; token: MarkdownToken }[] = [];
  let leading = '';
  for (const read of tokens) {
    const token = isDeep(read) ? plain(read.raw) : read;
    const last = blocks.at(-1);
    if (token.type !== 'space') {
      blocks.push({ source: leading + token.raw, token });
      leading = '';
    } else if (last === undefined) {
      leading += token.raw;
    } else {
      last.source += token.raw;
    }
  }
  return blocks;
}

function tokensOf(text: string, read: () => readonly Token[]): readonly MarkdownToken[] {
  try {
    // With the extensions above, these are all the types that there are.
    return read() as readonly MarkdownToken[];
  } catch {
    // Emphasis in emphasis, thousands deep: the stack overflows.
    return [plain(text)];
  }
}

function unlessNested(source: string): undefined | false {
  return NESTED.test(source) ? undefined : false;
}

function plain(raw: string): MarkdownToken {
  return { type: 'paragraph', raw, text: raw, tokens: [{ type: 'text', raw, text: raw, escaped: false }] };
}

/** Level by level, because this must not call itself. */
function isDeep(token: Token): boolean {
  let level: readonly Token[] = [token];
  for (let depth = 0; depth < MAX_DEPTH && level.length > 0; depth += 1) level = level.flatMap(inside);
  return level.length > 0;
}

function inside(token: Token): readonly Token[] {
  switch (token.type) {
    case 'list':
      return (token as Tokens.List).items;
    case 'table': {
      const { header, rows } = token as Tokens.Table;
      return [header, ...rows].flat().flatMap(({ tokens }) => tokens);
    }
    default:
      return ('tokens' in token && token.tokens) || [];
  }
}
