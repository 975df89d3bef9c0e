import type { Block } from './markdown';
import { lexBlocks, normaliseLineEnds, sanitiseToElement } from './markdown';

/** A block is final once this many stand below it: until then more text may join or change it (a setext underline, a list's next item). */
const OPEN_BLOCKS = 2;

interface RenderedBlock extends Block {
  readonly element: HTMLElement;
}

/**
 * Renders a markdown text that grows. Finished blocks keep their elements (and a reader's selection in them); only the last two are parsed
 * again. The result equals that of the whole text at once.
 */
export class MarkdownStream {
  #finishedSource = '';
  #finished: HTMLElement[] = [];
  #open: RenderedBlock[] = [];

  /** The elements for `source`, in order. A source that does not continue the last one begins anew. */
  update(source: string): readonly HTMLElement[] {
    const text = normaliseLineEnds(source);
    if (!text.startsWith(this.#finishedSource)) this.#reset();
    const blocks = lexBlocks(text.slice(this.#finishedSource.length));
    this.#open = blocks.map((block, index) => this.#render(block, index));
    const elements = [...this.#finished, ...this.#open.map(({ element }) => element)];
    this.#finish(this.#open.splice(0, Math.max(0, this.#open.length - OPEN_BLOCKS)));
    return elements;
  }

  #render(block: Block, index: number): RenderedBlock {
    const before = this.#open[index];
    return before?.html === block.html
      ? { ...block, element: before.element }
      : { ...block, element: sanitiseToElement(block.html) };
  }

  #finish(blocks: readonly RenderedBlock[]): void {
    for (const { source, element } of blocks) {
      this.#finishedSource += source;
      this.#finished.push(element);
    }
  }

  #reset(): void {
    this.#finishedSource = '';
    this.#finished = [];
    this.#open = [];
  }
}
