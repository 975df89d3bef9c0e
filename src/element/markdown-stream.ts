import type { Continuation } from './markdown';
import { NOT_CONTINUED, renderBlock } from './markdown';
import { cutOf } from './markdown-cut';
import type { Block } from './markdown-lexer';
import { lexBlocks, normaliseLineEnds } from './markdown-lexer';
import { make } from './markdown-nodes';
import { OpenCode } from './open-code';

export { proseStyles } from './prose-styles';

/** A block is final once this many stand below it: until then more text may join or change it (a setext underline, a list's next item). */
const OPEN_BLOCKS = 2;
/** UTF-16 units that are looked at together: what one update costs. A block that is longer than that is cut. */
const WINDOW = 4096;
/** So many times as much for blocks that have no good place to be cut at. */
const MAX_WINDOWS = 4;

interface RenderedBlock extends Block {
  readonly element: HTMLElement;
}

/**
 * Renders a markdown text that grows. Finished blocks keep their elements (and a reader's selection in them); only the last two are parsed
 * again, and of a long one only its end. The result equals that of the whole text at once.
 *
 * Text from `#start` on is open. Once there is a window of it, its first block ends in there and is final, or is cut; what is decided then
 * depends on the window's text alone, and `#start` is the beginning of a block or of what is left of one, on whatever way it got there.
 */
export class MarkdownStream {
  readonly #window: number;
  #text = '';
  /** Text above is final. */
  #start = 0;
  #finished: HTMLElement[] = [];
  #open: readonly RenderedBlock[] = [];
  #code: OpenCode | null = null;
  #continuation: Continuation = NOT_CONTINUED;
  /** What the open text is read behind, though it is not written there. */
  #prefix = '';
  /** Windows up to this size have no place to cut at. */
  #tried = 0;

  constructor(window = WINDOW) {
    this.#window = window;
  }

  /** The elements for `source`, in order. A source that does not continue the last one begins anew. */
  update(source: string): readonly HTMLElement[] {
    const text = normaliseLineEnds(source);
    if (!text.startsWith(this.#text.slice(0, this.#start))) this.#reset();
    this.#text = text;
    while (this.#advance());
    const code = this.#code === null ? [] : [this.#code.element];
    return [...this.#finished, ...code, ...this.#open.map(({ element }) => element)];
  }

  /** Whether something has become final, so that there may be more. */
  #advance(): boolean {
    if (this.#code !== null) return this.#growCode(this.#code);
    const tail = this.#prefix + this.#text.slice(this.#start);
    const largest = this.#window * MAX_WINDOWS;
    for (let size = Math.max(this.#window, this.#tried * 2); size <= Math.min(tail.length, largest); size *= 2) {
      if (this.#takeWindow(tail.slice(0, size), size === largest)) return true;
      this.#tried = size;
    }
    this.#open = lexBlocks(tail).map((block, index) => this.#render(block, index));
    this.#finish(this.#open.slice(0, -OPEN_BLOCKS));
    return false;
  }

  /** Whether something of the window, which holds as much as it can, became final. */
  #takeWindow(window: string, isLargest: boolean): boolean {
    const blocks = lexBlocks(window);
    const [first] = blocks;
    if (first === undefined) {
      this.#moveTo(window.length);
      return true;
    }
    if (blocks.length > 1) {
      const final = blocks.slice(0, Math.max(1, blocks.length - OPEN_BLOCKS));
      this.#finish(final.map((block, index) => this.#render(block, index)));
      return true;
    }
    return this.#beginCode(first) || this.#cut(first, isLargest);
  }

  #beginCode({ source, token }: Block): boolean {
    if (token.type !== 'code') return false;
    const begun = OpenCode.begin(source, this.#continuation.continued);
    if (begun === null) return false;
    this.#moveTo(begun.length);
    this.#open = [];
    this.#code = begun.open;
    return true;
  }

  #growCode(code: OpenCode): boolean {
    const { end, closed } = code.take(this.#text, this.#start);
    this.#start = end;
    if (!closed) return false;
    this.#finished.push(code.element);
    this.#code = null;
    return true;
  }

  #cut(block: Block, isLargest: boolean): boolean {
    const cut = cutOf(block, isLargest);
    if (cut === null) return false;
    this.#finish(lexBlocks(block.source.slice(0, cut.length)).map((part, index) => this.#render(part, index)));
    this.#open = [];
    this.#continuation = cut.next;
    this.#prefix = cut.prefix;
    return true;
  }

  #render(block: Block, index: number): RenderedBlock {
    const before = this.#open[index];
    if (before?.source === block.source) return { ...block, element: before.element };
    return { ...block, element: elementOf(block, index === 0 ? this.#continuation : NOT_CONTINUED) };
  }

  #finish(blocks: readonly RenderedBlock[]): void {
    if (blocks.length === 0) return;
    this.#finished.push(...blocks.map(({ element }) => element));
    this.#open = this.#open.slice(blocks.length);
    this.#moveTo(blocks.reduce((sum, { source }) => sum + source.length, 0));
  }

  /** `length`: of what was read, in the prefix and behind it. */
  #moveTo(length: number): void {
    this.#start += length - this.#prefix.length;
    this.#continuation = NOT_CONTINUED;
    this.#prefix = '';
    this.#tried = 0;
  }

  #reset(): void {
    this.#start = 0;
    this.#finished = [];
    this.#open = [];
    this.#code = null;
    this.#continuation = NOT_CONTINUED;
    this.#prefix = '';
    this.#tried = 0;
  }
}

/** The last resort is the source as it is: the next update would fail as well, and nothing more of the answer be seen. */
function elementOf({ source, token }: Block, continuation: Continuation): HTMLElement {
  try {
    return renderBlock(token, continuation);
  } catch {
    return make('div', [source], { class: 'block' });
  }
}
