import { describe, it } from 'vitest';
import { roundUp } from '../../src/base/units';
import { relayout, relayoutRecord, RELAYOUT_RECORD_WORDS, relayoutWords } from '../../src/kernels/relayout';
import { planeLayout, type BlockLayout } from '../../src/quant/planes';
import { QUANT_FORMATS } from '../../src/quant/registry';
import { expectSame } from './expected';
import { Random } from './random';
import type { DeviceOf } from './suite';
import { withBench } from './workbench';

/** What no format has yet: a side in the middle of a word, blocks that begin at every byte of one, and no side at all. */
const MADE_UP: readonly BlockLayout[] = [
  { blockBytes: 9, side: { offsetBytes: 3, sizeBytes: 1 } },
  { blockBytes: 22, side: { offsetBytes: 7, sizeBytes: 2 } },
  { blockBytes: 6, side: { offsetBytes: 4, sizeBytes: 2 } },
  { blockBytes: 20, side: null },
];
const LAYOUTS: readonly (readonly [string, BlockLayout])[] = [
  ...QUANT_FORMATS.filter(({ side }) => side !== null).map((format) => [format.type, format] as const),
  ...MADE_UP.map((layout) => [`${layout.blockBytes} bytes`, layout] as const),
];
/** Blocks of the runs that a matrix comes in: whole granules, and a last one of any number. */
const RUNS = [
  [4, 1],
  [64, 4, 33],
  [8, 2],
  [1024, 3],
];
/** What lies where nothing is to be written. */
const UNTOUCHED = 0xa5;
const GUARD_BYTES = 12;

/** Byte k of a plane is byte table[k mod its block] of block ⌊k / its block⌋. */
function planeOf(bytes: Uint8Array, { blockBytes }: BlockLayout, table: readonly number[]): number[] {
  const plane = Array.from({ length: bytes.byteLength / blockBytes }, (_, block) =>
    table.map((at) => bytes[block * blockBytes + at] ?? NaN),
  ).flat();
  return [...plane, ...Array.from({ length: roundUp(plane.length, 4) - plane.length }, () => 0)];
}

function planesOf(bytes: Uint8Array, layout: BlockLayout): number[] {
  const { offsetBytes, sizeBytes } = layout.side ?? { offsetBytes: 0, sizeBytes: 0 };
  const all = Array.from({ length: layout.blockBytes }, (_, at) => at);
  const isSide = (at: number): boolean => at >= offsetBytes && at < offsetBytes + sizeBytes;
  const main = all.filter((at) => !isSide(at));
  return [...planeOf(bytes, layout, main), ...planeOf(bytes, layout, all.filter(isSide))];
}

export function describeRelayout(deviceOf: DeviceOf): void {
  describe('relayout', () => {
    it.each(LAYOUTS)('%s: each byte of both planes, and no other', async (_name, layout) => {
      for (const [i, runs] of RUNS.entries()) {
        const blocks = runs.reduce((sum, count) => sum + count, 0);
        const bytes = Uint8Array.from(new Random(900 + i).floats(blocks * layout.blockBytes, 0, 256));
        const actual = await withBench(deviceOf(), async (bench) => {
          const { mainBlockBytes, sideOffsetBytes, totalBytes } = planeLayout(layout, blocks);
          const guarded = new Uint8Array(totalBytes + GUARD_BYTES).fill(UNTOUCHED);
          const planes = bench.words('planes', new Uint32Array(guarded.buffer));
          // Behind its last word others', or nobody's, which must not be read.
          const source = new Uint8Array(8 + roundUp(bytes.byteLength, 4) + (i % 2) * 8).fill(0xff);
          source.set(bytes, 8);
          const sourceBuffer = bench.words('source', new Uint32Array(source.buffer));
          let first = 0;
          // The records stand the wrong way round, and two before them are nobody's.
          const words = new Uint32Array((runs.length + 2) * RELAYOUT_RECORD_WORDS).fill(0xffffffff);
          const dispatches = runs.map((count, run) => {
            const record = runs.length + 1 - run;
            const values = relayoutRecord.encode({
              sourceWord: (8 + first * layout.blockBytes) / 4,
              mainWord: (first * mainBlockBytes) / 4,
              sideWord: (sideOffsetBytes + first * (layout.side?.sizeBytes ?? 0)) / 4,
              blocks: count,
            });
            words.set(values, record * RELAYOUT_RECORD_WORDS);
            first += count;
            return relayout({ source: sourceBuffer, planes, format: layout, record });
          });
          bench.stepWords(words);
          const rows = Math.max(...runs.map((count) => relayoutWords(layout, count)));
          return await bench.run(dispatches, rows, planes);
        });
        const guard = Array.from({ length: GUARD_BYTES }, () => UNTOUCHED);
        expectSame(actual, Uint8Array.from([...planesOf(bytes, layout), ...guard]), `runs of ${runs.join(', ')}`);
      }
    });
  });
}
