import type { MarkedToken } from 'marked';
import { Marked } from 'marked';

/** A formula, with the delimiters that it is written in. */
export interface MathToken {
  readonly type: 'math';
  readonly raw: string;
  readonly display: boolean;
}

export type MarkdownToken = MarkedToken | MathToken;

export interface Block {
  /** The source that the block was made of; the blocks' sources together are the text. */
  readonly source: string;
  readonly token: MarkdownToken;
}

/** So long a formula is at most, in UTF-16 units: what is longer is text. */
const MAX_FORMULA = 2000;
const DISPLAY = /^\$\$(?!\$)((?:\\[^]|[^\\$])+?)\$\$|^\\\[([^]+?)\\\]/;
/** As Pandoc has it, so that prices stay text: no space inside of the dollars, no letter or digit after them, one line. */
const INLINE = /^\$(?![\s$])((?:\\.|[^\\$\n`])*?[^\s\\$`])\$(?![\w$])|^\\\((.+?)\\\)/;
/** Numbers and words without any sign of mathematics, such as "5 or 10". */
const PLAIN = /^[\d.,]*\s[^\\^_={}+*/<>|]*$/;

/** The formula that `source` begins with; `before` is what stands in front of it. Source: what models write, LaTeX's and Markdown's delimiters. */
export function formulaAt(source: string, before: string): MathToken | undefined {
  const display = DISPLAY.exec(source);
  const inline = display === null ? INLINE.exec(source) : null;
  const raw = display?.[0] ?? inline?.[0];
  const formula = (display?.[1] ?? display?.[2] ?? inline?.[1] ?? inline?.[2])?.trim();
  if (raw === undefined || formula === undefined || formula === '' || raw.length > MAX_FORMULA) return undefined;
  if (raw.startsWith('$') && (/[\w$\\]$/.test(before) || (inline !== null && PLAIN.test(formula)))) return undefined;
  return { type: 'math', raw, display: display !== null };
}

const marked = new Marked({
  gfm: true,
  breaks: true,
  tokenizer: {
    // Not tokenised, so that HTML stays text, and markdown inside of it stays markdown.
    html: () => undefined,
    tag: () => undefined,
    // A definition would change blocks above it that are long on the screen.
    def: () => undefined,
  },
  extensions: [
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

/** The top-level blocks of `text`. */
export function lexBlocks(text: string): readonly Block[] {
  const blocks: { source: string; token: MarkdownToken }[] = [];
  let leading = '';
  // With the extension above, these are all the types that there are.
  for (const token of marked.lexer(text) as MarkdownToken[]) {
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
