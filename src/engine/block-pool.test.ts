import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { blockId } from '../base/ids';
import { BlockPool, blocksFor } from './block-pool';

describe('blocksFor', () => {
  it('covers every position', () => {
    expect([0, 1, 16, 17, 32].map((tokens) => blocksFor(tokens, 16))).toEqual([0, 1, 1, 2, 2]);
  });
});

describe('BlockPool', () => {
  it('gives out every block once', () => {
    const pool = new BlockPool(5, 16);
    const blocks = [...pool.allocate(2), ...pool.allocate(3)];
    expect(new Set(blocks)).toEqual(new Set([0, 1, 2, 3, 4]));
    expect(pool.freeBlocks).toBe(0);
    expect(() => pool.allocate(1)).toThrow('1 KV blocks wanted, 0 are free');
  });

  it('frees a block with its last owner', () => {
    const pool = new BlockPool(4, 16);
    const blocks = pool.allocate(2);
    pool.retain(blocks);
    pool.release(blocks);
    expect(pool.freeBlocks).toBe(2);
    pool.release(blocks);
    expect(pool.freeBlocks).toBe(4);
  });

  it('notices a second release and a retain of what nobody holds', () => {
    const pool = new BlockPool(4, 16);
    const blocks = pool.allocate(1);
    pool.release(blocks);
    expect(() => pool.release(blocks)).toThrow('released twice');
    expect(() => pool.retain(blocks)).toThrow('nobody holds it');
    expect(() => pool.release([blockId(9)])).toThrow('missing: block 9');
  });

  it('never loses a block, whatever the order', () => {
    const steps = fc.array(fc.record({ count: fc.integer({ min: 0, max: 4 }), free: fc.nat() }), { maxLength: 40 });
    fc.assert(
      fc.property(steps, (actions) => {
        const pool = new BlockPool(12, 4);
        const held: (readonly ReturnType<typeof blockId>[])[] = [];
        for (const { count, free } of actions) {
          if (count <= pool.freeBlocks) held.push(pool.allocate(count));
          else held.splice(free % held.length, 1).forEach((blocks) => pool.release(blocks));
          const used = held.flat();
          expect(new Set(used).size).toBe(used.length);
          expect(pool.freeBlocks + used.length).toBe(12);
        }
      }),
      { seed: 3 },
    );
  });
});
