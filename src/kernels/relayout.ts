import { divideUp } from '../base/units';
import type { DeviceBuffer } from '../device/device';
import type { Dispatch } from '../device/plan';
import { planeLayout, type BlockLayout } from '../quant/planes';
import { paramLayout } from './params';

export const relayoutParams = paramLayout({ blockBytes: 'u32', sideOffset: 'u32', sideBytes: 'u32', record: 'u32' });

/** What changes from step to step, one record a dispatch in the step's input: words, but for the last. */
export const relayoutRecord = paramLayout({ sourceWord: 'u32', mainWord: 'u32', sideWord: 'u32', blocks: 'u32' });
export const RELAYOUT_RECORD_WORDS = 4;
/** Words that a workgroup writes. */
const GROUP_WORDS = 1024;

/**
 * Blocks as they lie in a file → their bytes in the main and in the side plane. Runs for `relayoutWords` rows: a thread owns each word
 * of either plane that it writes, so both must begin at a whole word for the record's first block. Past its last block a word is filled with zeros.
 * One pipeline serves every block format.
 */
export function relayout(args: {
  source: DeviceBuffer; // blocks, from a whole word on
  planes: DeviceBuffer; // a matrix as src/quant/planes.ts lays it out
  format: BlockLayout;
  /** Which record of the step's input is this dispatch's. */
  record: number;
}): Dispatch {
  const { blockBytes, side } = args.format;
  return {
    kernel: 'relayout',
    shader: 'relayout',
    modules: {},
    constants: {},
    params: relayoutParams.encode({
      blockBytes,
      // Without a side plane no byte comes behind it.
      sideOffset: side?.offsetBytes ?? blockBytes,
      sideBytes: side?.sizeBytes ?? 0,
      record: args.record,
    }),
    buffers: [
      { buffer: args.source, access: 'read' },
      { buffer: args.planes, access: 'write' },
    ],
    grid: (words) => [divideUp(words, GROUP_WORDS), 1, 1],
  };
}

/** Words of both planes that `blocks` blocks fill. */
export function relayoutWords(format: BlockLayout, blocks: number): number {
  return planeLayout(format, blocks).totalBytes / 4;
}
