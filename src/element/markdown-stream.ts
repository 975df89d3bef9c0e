import type { Continuation } from './markdown';
import { NOT_CONTINUED, renderBlock } from './markdown';
import { cutOf } from './markdown-cut';
import type { Block } from './markdown-lexer';
import { finalCount, lexBlocks, normaliseLineEnds } from './markdown-lexer';
import { makeBlock } from './markdown-nodes';
import { OpenCode } from './open-code';
import type { FinishedBlock } from './whole-blocks';
import { wholeBlocks } from './whole-blocks';

export { proseStyles } from './prose-styles';

/** UTF-16 units that are looked at together: what one update costs. A block that is longer than that is cut. */
const WINDOW = 3072;
/** So many times as much for blocks that have no good place to be cut at. */
const MAX_WINDOWS = 2;
/** And for lists with code in them, which takes little time to make, and which a cut tears apart. */
const MAX_CODE_WINDOWS = 4;
const FENCE_INSIDE = /^ +(?:```|~~~)/m;

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
  #finished: FinishedBlock[] = [];
  #open: readonly RenderedBlock[] = [];
  #code: OpenCode | null = null;
  /** Where its source begins, and behind what. */
  #codeStart = 0;
  #codeContinuation: Continuation = NOT_CONTINUED;
  #continuation: Continuation = NOT_CONTINUED;
  /** What the open text is read behind, though it is not written there. */
  #prefix = '';
  /** Windows up to this size have no place to cut at. */
  #tried = 0;
  /** A block is not what it would be if it had been read as a whole. */
  #isCut = false;
  #isMending = false;
  /** The text that is whole. */
  #mended: string | null = null;

  constructor(window = WINDOW) {
    this.#window = window;
  }

  /** The elements for `source`, in order. A source that does not continue the last one begins anew. */
  update(source: string): readonly HTMLElement[] {
    const text = normaliseLineEnds(source);
    if (this.#mended !== null && text !== this.#mended) this.#reset();
    if (!text.startsWith(this.#text.slice(0, this.#start))) this.#reset();
    this.#text = text;
    while (this.#advance());
    const code = this.#code === null ? [] : [this.#code.element];
    return [...this.#finished.map(({ element }) => element), ...code, ...this.#open.map(({ element }) => element)];
  }

  /** What is shown; code without an end is not among it. */
  get blocks(): readonly FinishedBlock[] {
    return [...this.#finished, ...this.#finishedOf(this.#open)];
  }

  /**
   * The end of the last update's text is there: what was cut is read again as a whole, a little in each task, and what was whole keeps its
   * elements. Resolves with whether another update is worth it.
   */
  async mend(): Promise<boolean> {
    if (!this.#isCut || this.#isMending) return false;
    const text = this.#text;
    this.#isMending = true;
    const whole = await wholeBlocks(text, this.blocks, {
      window: this.#window,
      keyOf: (source) => keyOf(source, NOT_CONTINUED),
      whole: (source) => lexBlocks(source).map((block) => elementOf(block, NOT_CONTINUED)),
      pieces: () => new MarkdownStream(this.#window),
    });
    this.#isMending = false;
    if (this.#text !== text) return this.#isCut;
    this.#reset();
    this.#start = text.length;
    this.#finished = [...whole];
    this.#mended = text;
    return true;
  }

  /** Whether something has become final, so that there may be more. */
  #advance(): boolean {
    if (this.#code !== null) return this.#growCode(this.#code);
    const tail = this.#prefix + this.#text.slice(this.#start);
    const largest = this.#window * MAX_CODE_WINDOWS;
    for (let size = Math.max(this.#window, this.#tried * 2); size <= Math.min(tail.length, largest); size *= 2) {
      if (this.#takeWindow(tail.slice(0, size), size / this.#window)) return true;
      this.#tried = size;
    }
    this.#open = lexBlocks(tail).map((block, index) => this.#render(block, index));
    this.#finish(this.#open.slice(0, finalCount(sourcesOf(this.#open))));
    return false;
  }

  /** Whether something of the window, which holds as much as it can, became final. */
  #takeWindow(window: string, windows: number): boolean {
    const blocks = lexBlocks(window);
    const [first] = blocks;
    if (first === undefined) {
      this.#moveTo(window.length);
      return true;
    }
    if (blocks.length > 1) {
      const final = blocks.slice(0, Math.max(1, finalCount(sourcesOf(blocks))));
      this.#finish(final.map((block, index) => this.#render(block, index)));
      return true;
    }
    return this.#beginCode(first) || this.#cut(first, windows);
  }

  #beginCode({ source, token }: Block): boolean {
    if (token.type !== 'code') return false;
    const begun = OpenCode.begin(source, this.#continuation.continued);
    if (begun === null) return false;
    this.#codeStart = this.#start;
    this.#codeContinuation = this.#continuation;
    this.#moveTo(begun.length);
    this.#open = [];
    this.#code = begun.open;
    return true;
  }

  #growCode(code: OpenCode): boolean {
    const { end, closed } = code.take(this.#text, this.#start);
    this.#start = end;
    if (!closed) return false;
    const key = keyOf(this.#text.slice(this.#codeStart, end), this.#codeContinuation);
    this.#finished.push({ key, element: code.element });
    this.#code = null;
    return true;
  }

  #cut(block: Block, windows: number): boolean {
    const hasCode = block.token.type === 'list' && FENCE_INSIDE.test(block.source);
    const cut = cutOf(block, windows >= (hasCode ? MAX_CODE_WINDOWS : MAX_WINDOWS));
    if (cut === null) return false;
    this.#isCut = true;
    this.#finish(lexBlocks(block.source.slice(0, cut.length)).map((part, index) => this.#render(part, index)));
    this.#open = [];
    this.#continuation = cut.next;
    this.#prefix = cut.prefix;
    return true;
  }

  #render(block: Block, index: number): RenderedBlock {
    const before = this.#open[index];
    // A formula without its end may turn out to be text.
    const isSame = before?.source === block.source && before.token.type === block.token.type;
    if (isSame) return { ...block, element: before.element };
    return { ...block, element: elementOf(block, index === 0 ? this.#continuation : NOT_CONTINUED) };
  }

  #finish(blocks: readonly RenderedBlock[]): void {
    if (blocks.length === 0) return;
    this.#finished.push(...this.#finishedOf(blocks));
    this.#open = this.#open.slice(blocks.length);
    this.#moveTo(blocks.reduce((sum, { source }) => sum + source.length, 0));
  }

  #finishedOf(blocks: readonly RenderedBlock[]): readonly FinishedBlock[] {
    return blocks.map(({ source, element }, index) => {
      return { key: keyOf(source, index === 0 ? this.#continuation : NOT_CONTINUED), element };
    });
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
    this.#isCut = false;
    this.#mended = null;
  }
}

function sourcesOf(blocks: readonly Block[]): readonly string[] {
  return blocks.map(({ source }) => source);
}

/** The last resort is the source as it is: the next update would fail as well, and nothing more of the answer be seen. */
function elementOf({ source, token }: Block, continuation: Continuation): HTMLElement {
  try {
    return renderBlock(token, continuation);
  } catch {
    return makeBlock([source], false);
  }
}

/** No text has a carriage return any more. */
function keyOf(source: string, { continued, number }: Continuation): string {
  const key = source.replaceAll(/^\n+|\n+$/g, '');
  return continued ? `${number}\r${key}` : key;
}
