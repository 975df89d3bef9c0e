import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type TokenId, tokenId } from '../base/ids';
import { KvCache, type KvSequence } from './kv-cache';

const ids = (...numbers: number[]): TokenId[] => numbers.map(tokenId);
const text = (length: number, first = 1): TokenId[] => Array.from({ length }, (_, i) => tokenId(first + i));

function cache(totalBlocks = 8, window: { tokens: number; blocks: number } | null = null): KvCache {
  return new KvCache({ totalBlocks, blockTokens: 4, window });
}

/** A sequence whose prompt is prefilled in one step and shared. */
function prefilled(kv: KvCache, prompt: readonly TokenId[], reusable = prompt.length - 1): KvSequence {
  const sequence = kv.open(prompt, reusable);
  kv.prepare(sequence, sequence.cachedTokens, prompt.length);
  kv.share(sequence, prompt, prompt.length);
  return sequence;
}

describe('a prompt that begins like an earlier one', () => {
  it('finds its whole blocks, whoever holds them or nobody', () => {
    const kv = cache();
    const first = prefilled(kv, text(10));
    const second = kv.open([...text(9), ...ids(77, 78)], 10);
    expect(second.cachedTokens).toBe(8);
    expect(second.blocks.slice(0, 2)).toEqual(first.blocks.slice(0, 2));
    expect(second.blocks[2]).not.toBe(first.blocks[2]);
    kv.close(first);
    kv.close(second);
    expect(kv.pool.freeBlocks).toBe(8);
    expect(kv.open(text(9), 8).cachedTokens).toBe(8);
  });

  it('finds no more than it may reuse, and no block that is not full', () => {
    const kv = cache();
    kv.close(prefilled(kv, text(8)));
    expect(kv.open(text(8), 7).cachedTokens).toBe(4);
    expect(kv.open(text(8), 0).cachedTokens).toBe(0);
    kv.close(prefilled(kv, text(7, 50)));
    expect(kv.open(text(8, 50), 8).cachedTokens).toBe(4);
  });

  it('finds nothing behind a difference', () => {
    const kv = cache();
    kv.close(prefilled(kv, text(12)));
    const other = [...ids(99), ...text(11, 2)];
    expect(kv.open(other, 11).cachedTokens).toBe(0);
    expect(kv.open([...text(4), ...ids(99), ...text(7, 6)], 11).cachedTokens).toBe(4);
  });

  it('takes free blocks for what it does not find held: blocks that are kept count as free', () => {
    const kv = cache(4);
    const prompt = text(9);
    kv.close(prefilled(kv, prompt));
    expect(kv.blocksToOpen(prompt, 8)).toBe(3);
    const sequence = kv.open(prompt, 8);
    expect(kv.pool.freeBlocks).toBe(1);
    expect(kv.blocksToOpen(prompt, 8)).toBe(1);
    kv.close(sequence);
  });

  it('is forgotten from its end, the longest unused first', () => {
    const kv = cache(6);
    kv.close(prefilled(kv, text(9)));
    kv.close(prefilled(kv, text(9, 50)));
    const other = kv.open(text(12, 200), 0); // four blocks hold prompts, three are needed
    expect(kv.open(text(9), 8).cachedTokens).toBe(4);
    kv.close(other);
  });

  it('is not found once it is not to be trusted', () => {
    const kv = cache();
    const held = prefilled(kv, text(8));
    kv.forgetAll();
    expect(kv.open(text(8), 7).cachedTokens).toBe(0);
    kv.close(held);
  });
});

describe('layers with a window', () => {
  /** A window of 5 positions sees two blocks of 4, or with one more row three. */
  const window = { tokens: 5, blocks: 4 };

  it('hold the blocks that their next rows can see and write, and no others', () => {
    const kv = cache(16, window);
    const sequence = kv.open(text(30), 0);
    for (let from = 0; from < 30; from++) {
      kv.prepare(sequence, from, from + 1);
      const held = sequence.windowBlocks.flatMap((id, index) => (id === null ? [] : [index]));
      const first = Math.floor(Math.max(0, from - 4) / 4);
      const last = Math.floor(from / 4);
      expect(held).toEqual(Array.from({ length: last - first + 1 }, (_, i) => first + i));
    }
    kv.close(sequence);
    expect(kv.windowPool?.freeBlocks).toBe(4);
  });

  it('find a prefix only as far as the window before it is still there', () => {
    const kv = cache(16, window);
    const prompt = text(17);
    const first = kv.open(prompt, 16);
    for (let from = 0; from < 17; from++) {
      kv.prepare(first, from, from + 1);
      kv.share(first, prompt, from + 1);
    }
    kv.close(first);
    const whole = kv.open(prompt, 16);
    expect(whole.cachedTokens).toBe(16);
    // Position 16 sees 12 … 15, which are one block.
    expect(whole.windowBlocks.map((id) => id !== null)).toEqual([false, false, false, true]);
    kv.close(whole);
    // Somebody takes all four blocks of the window: what they held is gone, the other layers' blocks are still known.
    const taker = kv.open(text(16, 300), 0);
    kv.prepare(taker, 0, 16);
    expect(kv.open(prompt, 16).cachedTokens).toBe(0);
  });
});

describe('any order of opening, growing, sharing and closing', () => {
  const step = fc.record({
    act: fc.constantFrom('open', 'grow', 'close', 'distrust'),
    which: fc.nat(5),
    prompt: fc.array(fc.integer({ min: 1, max: 2 }), { minLength: 1, maxLength: 14 }),
  });

  it('keeps every block either free or held, and never gives one to two owners who write it', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), fc.constantFrom(0, 1, 3, 9), (steps, windowTokens) => {
        const kv = cache(12, windowTokens === 0 ? null : { tokens: windowTokens, blocks: 12 });
        const open: { sequence: KvSequence; prompt: TokenId[]; done: number }[] = [];
        for (const { act, which, prompt } of steps) {
          const chosen = open[which % Math.max(1, open.length)];
          if (act === 'open') {
            const tokens = ids(...prompt);
            if (kv.blocksToOpen(tokens, tokens.length - 1) > kv.pool.freeBlocks) continue;
            const sequence = kv.open(tokens, tokens.length - 1);
            open.push({ sequence, prompt: tokens, done: sequence.cachedTokens });
          } else if (act === 'grow' && chosen !== undefined && chosen.done < chosen.prompt.length) {
            const end = Math.min(chosen.prompt.length, chosen.done + 3);
            kv.prepare(chosen.sequence, chosen.done, end);
            kv.share(chosen.sequence, chosen.prompt, end);
            chosen.done = end;
          } else if (act === 'close' && chosen !== undefined) {
            kv.close(chosen.sequence);
            open.splice(open.indexOf(chosen), 1);
          } else if (act === 'distrust') kv.forgetAll();
          const written = open.flatMap(({ sequence, done }) => sequence.blocks.slice(Math.floor(done / 4)));
          expect(new Set(written).size).toBe(written.length);
          const held = new Set(open.flatMap(({ sequence }) => sequence.blocks));
          expect(held.size + kv.pool.freeBlocks).toBe(12);
        }
        for (const { sequence } of open) kv.close(sequence);
        expect([kv.pool.freeBlocks, kv.windowPool?.freeBlocks ?? 12]).toEqual([12, 12]);
      }),
      { numRuns: 1500, seed: 41 },
    );
  });
});
