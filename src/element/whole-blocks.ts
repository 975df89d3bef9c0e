import { finalCount, outlineOf } from './markdown-lexer';

/** So long a block, in UTF-16 units, is read and made at once. What is longer stays in pieces. */
const MAX_WHOLE = 16_384;
/** The outline of so many windows is made at once. */
const OUTLINE_WINDOWS = 4;
/** A task that has taken so long gives way to the next. */
const TASK_MS = 8;

/** What is rendered of a text and stays. */
export interface FinishedBlock {
  /** Blocks with the same are rendered the same, whatever stands around them. */
  readonly key: string;
  readonly element: HTMLElement;
}

/** How blocks are made. */
export interface BlockMaker {
  /** UTF-16 units that one update costs. */
  readonly window: number;
  keyOf(source: string): string;
  whole(source: string): readonly HTMLElement[];
  /** For a block that is too long for that. */
  pieces(): { update(source: string): unknown; readonly blocks: readonly FinishedBlock[] };
}

/** The blocks of a text that has its end, made in many tasks. Those of `before` that are among them stay. */
export async function wholeBlocks(
  text: string,
  before: readonly FinishedBlock[],
  maker: BlockMaker,
): Promise<readonly FinishedBlock[]> {
  const pause = pauses();
  const whole: FinishedBlock[] = [];
  let next = 0;
  const kept = (key: string): FinishedBlock | undefined => {
    const index = before.findIndex((block, n) => n >= next && block.key === key);
    if (index !== -1) next = index + 1;
    return before[index];
  };
  for (const source of outlinesOf(text, maker.window)) {
    await pause();
    const key = maker.keyOf(source);
    const same = kept(key);
    if (same !== undefined) whole.push(same);
    else if (source.length <= MAX_WHOLE) whole.push(...maker.whole(source).map((element) => ({ key, element })));
    else whole.push(...(await inPieces(source, maker, pause)).map((piece) => kept(piece.key) ?? piece));
  }
  return whole;
}

function* outlinesOf(text: string, window: number): Generator<string> {
  let size = window * OUTLINE_WINDOWS;
  for (let start = 0; start < text.length;) {
    const isEnd = start + size >= text.length;
    const sources = outlineOf(text.slice(start, start + size));
    const final = isEnd ? sources : sources.slice(0, finalCount(sources));
    yield* final;
    if (isEnd) return;
    start += final.reduce((sum, { length }) => sum + length, 0);
    size = final.length === 0 ? size * 2 : window * OUTLINE_WINDOWS;
  }
}

async function inPieces(
  source: string,
  { window, pieces }: BlockMaker,
  pause: () => Promise<void>,
): Promise<readonly FinishedBlock[]> {
  const made = pieces();
  for (let length = window; length < source.length; length += window) {
    made.update(source.slice(0, length));
    await pause();
  }
  made.update(source);
  return made.blocks;
}

/** Waits for another task where this one has taken its time. */
function pauses(): () => Promise<void> {
  let begun = -Infinity;
  return async () => {
    if (performance.now() - begun < TASK_MS) return;
    await new Promise((resolve) => setTimeout(resolve));
    begun = performance.now();
  };
}
