import { describe, expect, it } from 'vitest';
import { Random } from '../../test/kernels/random';
import { InvariantError } from '../base/assert';
import { joinBlock, planeLayout, splitPlanes } from './planes';
import { MXFP4 } from './mxfp4';
import { Q6_K } from './q6_k';
import { Q8_0 } from './q8_0';
import { QUANT_FORMATS } from './registry';
import { sampleBlocks } from './sample-blocks';

const FORMATS = QUANT_FORMATS.map((format) => [format.type, format] as const);
const BLOCK_COUNTS = [1, 2, 3, 5, 17, 64, 65];

describe.each(FORMATS)('planes of %s', (_type, format) => {
  it.each(BLOCK_COUNTS)('give %i blocks back as they were', (blocks) => {
    const bytes = sampleBlocks(format, blocks, new Random(blocks).draw);
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

  it('takes a side of one byte', () => {
    const bytes = Uint8Array.from({ length: 5 * 17 }, (_, i) => i);
    const { main, side } = splitPlanes(MXFP4, bytes);
    expect([...(side ?? [])]).toEqual([0, 17, 34, 51, 68]);
    expect([...main.subarray(0, 32)]).toEqual([...bytes.slice(1, 17), ...bytes.slice(18, 34)]);
    expect(planeLayout(MXFP4, 5)).toEqual({ mainBlockBytes: 16, sideOffsetBytes: 80, totalBytes: 88 });
  });

  it('takes a side at the end', () => {
    const bytes = Uint8Array.from({ length: 2 * 210 }, (_, i) => i % 251);
    const { main, side } = splitPlanes(Q6_K, bytes);
    expect([...(side ?? [])]).toEqual([208, 209, 418 % 251, 419 % 251]);
    expect([...main]).toEqual([...bytes.slice(0, 208), ...bytes.slice(210, 418)]);
  });

  it('refuses a part of a block', () => {
    expect(() => splitPlanes(Q8_0, new Uint8Array(35))).toThrow(InvariantError);
  });
});
