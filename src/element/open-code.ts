import { codeBlock, colourCode } from './markdown';
import { makeBlock } from './markdown-nodes';

const OPENING = /^\n*( {0,3})(`{3,}|~{3,})([^\n]*)\n/;

/** A long code block whose end has not come: what is new is appended, and nothing above it is looked at again. */
export class OpenCode {
  readonly element: HTMLElement;
  readonly #code: HTMLElement;
  readonly #info: string;
  readonly #indent: RegExp;
  readonly #closing: RegExp;
  /** The line that has no end yet. */
  readonly #unfinished = document.createTextNode('');
  #looksClosed = false;

  private constructor(indent: string, fence: string, info: string, continued: boolean) {
    this.#indent = new RegExp(`^ {0,${indent.length}}`);
    this.#closing = new RegExp(`^ {0,3}${fence}[\`~]* *$`);
    this.#info = info.trim();
    const { pre, code } = codeBlock('', this.#info);
    this.#code = code;
    code.append(this.#unfinished);
    this.element = makeBlock([pre], continued);
  }

  /** For a source that begins with a fence, and the length of its line; `null` for others. */
  static begin(source: string, continued: boolean): { readonly open: OpenCode; readonly length: number } | null {
    const [line, indent = '', fence = '', info = ''] = OPENING.exec(source) ?? [];
    if (line === undefined) return null;
    return { open: new OpenCode(indent, fence, info, continued), length: line.length };
  }

  /** Takes `text` from `start` on. Returns where the next call begins, and whether the block ended there. */
  take(text: string, start: number): { readonly end: number; readonly closed: boolean } {
    this.#reopen();
    let lines = '';
    let at = start;
    for (let end = text.indexOf('\n', at); end !== -1; end = text.indexOf('\n', at)) {
      const line = text.slice(at, end);
      at = end + 1;
      if (this.#closing.test(line)) {
        this.#append(lines, '');
        this.#unfinished.remove();
        colourCode(this.#code, this.#info);
        return { end: at, closed: true };
      }
      lines += `${line.replace(this.#indent, '')}\n`;
    }
    const rest = text.slice(at);
    this.#looksClosed = this.#closing.test(rest);
    this.#append(lines, this.#looksClosed ? '' : rest.replace(this.#indent, ''));
    if (this.#looksClosed) colourCode(this.#code, this.#info);
    return { end: at, closed: false };
  }

  #append(lines: string, unfinished: string): void {
    if (lines !== '') this.#unfinished.before(lines);
    if (this.#unfinished.data !== unfinished) this.#unfinished.data = unfinished;
  }

  /** It looked like the end, and may have been coloured since. */
  #reopen(): void {
    if (!this.#looksClosed) return;
    this.#looksClosed = false;
    this.#code.replaceChildren(this.#code.textContent, this.#unfinished);
  }
}
