import { describe, expect, it } from 'vitest';
import { Random } from '../../test/kernels/random';
import { randomMatrix } from '../../test/kernels/test-matrix';
import { InvariantError } from '../base/assert';
import { joinBlock, planeLayout, splitPlanes } from './planes';
import { Q8_0 } from './q8_0';
import { QUANT_FORMATS } from './registry';

const FORMATS = QUANT_FORMATS.map((format) => [format.type, format] as const);
const BLOCK_COUNTS = [1, 2, 3, 5, 17, 64, 65];

describe.each(FORMATS)('planes of %s', (_type, format) => {
  it.each(BLOCK_COUNTS)('give %i blocks back as they were', (blocks) => {
    const { bytes } = randomMatrix(format, 1, blocks * format.blockElements, new Random(blocks));
    const layout = planeLayout(format, blocks);
    const { main, side } = splitPlanes(format, bytes);
    expect(main.byteLength).toBe(blocks * layout.mainBlockBytes);
    const planes = new Uint8Array(layout.totalBytes);
    planes.set(main);
    if (side !== null) planes.set(side, layout.sideOffsetBytes);
    for (let i = 0; i < blocks; i++) {
      const block = new Uint8Array(format.blockBytes);
      joinBlock(format, layout, planes, i, block);
      expect(block).toEqual(bytes.slice(i * format.blockBytes, (i + 1) * format.blockBytes));
    }
  });

  it('lie in whole words', () => {
    for (const blocks of BLOCK_COUNTS) {
      const layout = planeLayout(format, blocks);
      expect(layout.sideOffsetBytes % 4).toBe(0);
      expect(layout.totalBytes % 4).toBe(0);
      if (format.blockElements > 1) expect(layout.mainBlockBytes % 4).toBe(0);
    }
  });

  it('take at most 1 % more than the file, and never a word more', () => {
    for (let blocks = 1; blocks < 400; blocks++) {
      const fileBytes = blocks * format.blockBytes;
      const { totalBytes } = planeLayout(format, blocks);
      expect(totalBytes).toBeGreaterThanOrEqual(fileBytes);
      expect(totalBytes).toBeLessThanOrEqual(fileBytes + 3);
      if (fileBytes >= 400) expect(totalBytes / fileBytes).toBeLessThanOrEqual(1.01);
    }
  });
});

describe('splitPlanes', () => {
  it('puts the quants of Q8_0 first, its scales into the side plane', () => {
    const bytes = Uint8Array.from({ length: 2 * 34 }, (_, i) => i);
    const { main, side } = splitPlanes(Q8_0, bytes);
    expect([...(side ?? [])]).toEqual([0, 1, 34, 35]);
    expect([...main]).toEqual([...bytes.slice(2, 34), ...bytes.slice(36)]);
  });

  it('refuses a part of a block', () => {
    expect(() => splitPlanes(Q8_0, new Uint8Array(35))).toThrow(InvariantError);
  });
});
