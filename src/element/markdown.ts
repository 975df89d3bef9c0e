import type { Tokens } from 'marked';
import { Marked } from 'marked';
import type { Config } from 'dompurify';
import DOMPurify from 'dompurify';
import { TEXT } from './messages';

/**
 * Markdown of untrusted origin (a model's answer) as DOM nodes. Raw HTML is text, images are links, links lead to http, https and mailto
 * only, and DOMPurify with a short allow-list has the last word.
 */

const ALLOWED_TAGS = [
  ...['p', 'br', 'hr', 'strong', 'em', 'del', 'code', 'pre', 'blockquote', 'ul', 'ol', 'li', 'a', 'div'],
  ...['h4', 'h5', 'h6', 'table', 'thead', 'tbody', 'tr', 'th', 'td'],
];
const ALLOWED_PROTOCOLS: ReadonlySet<string> = new Set(['http:', 'https:', 'mailto:']);
const LANGUAGE = /^[\w+#.-]{1,24}/;

/** Headings of an answer stand below the page's h1, the conversation's h2 and the message's h3. */
const HEADING_OFFSET = 3;

export interface Block {
  /** The source that the block was made of; the blocks' sources together are the text. */
  readonly source: string;
  readonly html: string;
}

/** Line ends as `lexBlocks` expects them. Keeps the length of every prefix that does not end between CR and LF. */
export function normaliseLineEnds(text: string): string {
  return text.replace(/\r\n?/g, '\n');
}

/** The top-level blocks of `text`, each with HTML that is *not yet sanitised*: only `sanitiseToElement` makes it safe. */
export function lexBlocks(text: string): readonly Block[] {
  const blocks: { source: string; html: string }[] = [];
  let leading = '';
  for (const token of marked.lexer(text)) {
    const last = blocks.at(-1);
    if (token.type !== 'space') {
      blocks.push({ source: leading + token.raw, html: marked.parser([token]) });
      leading = '';
    } else if (last === undefined) {
      leading += token.raw;
    } else {
      last.source += token.raw;
    }
  }
  return blocks;
}

/** A `<div>` with what of `html` is allowed. The nodes are moved, never serialised and parsed again. */
export function sanitiseToElement(html: string): HTMLElement {
  const element = document.createElement('div');
  element.className = 'block';
  element.append(sanitiser().sanitize(html, SANITISE_OPTIONS));
  return element;
}

const SANITISE_OPTIONS: Config & { readonly RETURN_DOM_FRAGMENT: true } = {
  ALLOWED_TAGS,
  ALLOWED_ATTR: ['href', 'start', 'align', 'data-language'],
  ADD_URI_SAFE_ATTR: ['start', 'align', 'data-language'],
  ALLOWED_URI_REGEXP: /^(?:https?|mailto):/i,
  ALLOW_ARIA_ATTR: false,
  ALLOW_DATA_ATTR: false,
  RETURN_DOM_FRAGMENT: true,
};

let ownSanitiser: ReturnType<typeof DOMPurify> | null = null;

/** An instance of our own, so that its hook meets nobody else's use of DOMPurify. Made late: it needs a window. */
function sanitiser(): ReturnType<typeof DOMPurify> {
  if (ownSanitiser !== null) return ownSanitiser;
  ownSanitiser = DOMPurify();
  ownSanitiser.addHook('afterSanitizeAttributes', (node) => {
    if (node.tagName === 'A') finishLink(node);
    if (node.tagName === 'PRE') makeScrollable(node, codeLabel(node));
    if (node.tagName === 'DIV') makeScrollable(node, TEXT.chat.table);
  });
  return ownSanitiser;
}

function finishLink(link: Element): void {
  if (!isAllowedLink(link.getAttribute('href') ?? '')) {
    link.removeAttribute('href');
    return;
  }
  link.setAttribute('target', '_blank');
  link.setAttribute('rel', 'noopener noreferrer');
}

/** What may scroll sideways must be reachable by keyboard, and say what it is. */
function makeScrollable(element: Element, label: string): void {
  element.setAttribute('tabindex', '0');
  element.setAttribute('role', 'group');
  element.setAttribute('aria-label', label);
}

function codeLabel(pre: Element): string {
  const language = pre.getAttribute('data-language');
  return language === null ? TEXT.chat.code : TEXT.chat.codeIn(language);
}

function isAllowedLink(href: string): boolean {
  return URL.canParse(href) && ALLOWED_PROTOCOLS.has(new URL(href).protocol);
}

function escapeHtml(text: string): string {
  return text
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/"/g, '&quot;')
    .replace(/'/g, '&#39;');
}

function link(href: string, html: string): string {
  return isAllowedLink(href) ? `<a href="${escapeHtml(href)}">${html}</a>` : html;
}

/** Links do not nest: an image inside of one is its description only. */
let openLinks = 0;

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
  renderer: {
    html: ({ text }) => escapeHtml(text),
    heading({ tokens, depth }) {
      const level = Math.min(6, depth + HEADING_OFFSET);
      return `<h${level}>${this.parser.parseInline(tokens)}</h${level}>\n`;
    },
    code({ text, lang }) {
      const language = LANGUAGE.exec(lang ?? '')?.[0];
      const attribute = language === undefined ? '' : ` data-language="${escapeHtml(language)}"`;
      return `<pre${attribute}><code>${escapeHtml(text)}\n</code></pre>\n`;
    },
    link({ href, tokens }) {
      openLinks += 1;
      const html = this.parser.parseInline(tokens);
      openLinks -= 1;
      return link(href, html);
    },
    image({ href, text }) {
      const html = escapeHtml(TEXT.chat.image(text === '' ? href : text));
      return openLinks > 0 ? html : link(href, html);
    },
    checkbox: ({ checked }) => (checked ? '☑ ' : '☐ '),
    table(token: Tokens.Table) {
      const row = (cells: readonly Tokens.TableCell[]): string =>
        this.tablerow({ text: cells.map((cell) => this.tablecell(cell)).join('') });
      const body = token.rows.map(row).join('');
      return `<div><table><thead>${row(token.header)}</thead><tbody>${body}</tbody></table></div>\n`;
    },
  },
});
