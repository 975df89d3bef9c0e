import { assert } from '../base/assert';
import { roundUp } from '../base/units';
import type { QuantFormat } from './format';

/** What of a format says where the bytes of its blocks go. */
export interface BlockLayout {
  readonly blockBytes: number;
  readonly side: { readonly offsetBytes: number; readonly sizeBytes: number } | null;
}

/** Where the planes of `blocks` blocks lie on the device. */
export interface PlaneLayout {
  /** Bytes of a block in the main plane; a multiple of 4 unless the format has blocks of one element. */
  readonly mainBlockBytes: number;
  readonly sideOffsetBytes: number;
  /** Whole words. */
  readonly totalBytes: number;
}

export function planeLayout(format: BlockLayout, blocks: number): PlaneLayout {
  const sideBytes = format.side?.sizeBytes ?? 0;
  const mainBlockBytes = format.blockBytes - sideBytes;
  const sideOffsetBytes = roundUp(blocks * mainBlockBytes, 4);
  return { mainBlockBytes, sideOffsetBytes, totalBytes: sideOffsetBytes + roundUp(blocks * sideBytes, 4) };
}

/** Whole blocks as in the file → their bytes of the main and of the side plane. Without a side plane nothing is copied. */
export function splitPlanes(format: BlockLayout, bytes: Uint8Array): { main: Uint8Array; side: Uint8Array | null } {
  const { side, blockBytes } = format;
  if (side === null) return { main: bytes, side: null };
  assert(bytes.byteLength % blockBytes === 0, 'whole blocks');
  const blocks = bytes.byteLength / blockBytes;
  const mainBlockBytes = blockBytes - side.sizeBytes;
  const main = new Uint8Array(blocks * mainBlockBytes);
  const sideBytes = new Uint8Array(blocks * side.sizeBytes);
  const sideEnd = side.offsetBytes + side.sizeBytes;
  for (let i = 0; i < blocks; i++) {
    const from = i * blockBytes;
    const to = i * mainBlockBytes;
    for (let j = 0; j < side.offsetBytes; j++) main[to + j] = bytes[from + j] ?? 0;
    for (let j = sideEnd; j < blockBytes; j++) main[to + j - side.sizeBytes] = bytes[from + j] ?? 0;
    for (let j = 0; j < side.sizeBytes; j++)
      sideBytes[i * side.sizeBytes + j] = bytes[from + side.offsetBytes + j] ?? 0;
  }
  return { main, side: sideBytes };
}

/** The inverse of `splitPlanes` for one block: its bytes as in the file, into `out`. `planes` holds `layout`. */
export function joinBlock(
  format: QuantFormat,
  layout: PlaneLayout,
  planes: Uint8Array,
  block: number,
  out: Uint8Array,
): void {
  const main = planes.subarray(block * layout.mainBlockBytes, (block + 1) * layout.mainBlockBytes);
  const { side } = format;
  if (side === null) {
    out.set(main);
    return;
  }
  const sideAt = layout.sideOffsetBytes + block * side.sizeBytes;
  out.set(main.subarray(0, side.offsetBytes));
  out.set(planes.subarray(sideAt, sideAt + side.sizeBytes), side.offsetBytes);
  out.set(main.subarray(side.offsetBytes), side.offsetBytes + side.sizeBytes);
}
