import { assert } from '../../base/assert';
import type { QuantFormat } from '../../quant/format';
import { joinBlock, planeLayout, type PlaneLayout } from '../../quant/planes';
import type { Memory } from './memory';

/** Where a quantised matrix lies. */
export interface WeightSource {
  readonly memory: Memory;
  readonly format: QuantFormat;
  readonly columns: number;
  readonly sideOffsetBytes: number;
}

interface CachedRows {
  readonly source: WeightSource;
  readonly revision: number;
  readonly rows: Map<number, Float32Array>;
}

/**
 * Rows of quantised matrices as f32. Keeps what was dequantised until the buffer is written or destroyed, up to
 * `limitBytes` over all buffers; rows beyond that are dequantised each time (steps go through all weights in the same
 * order, so throwing the oldest away would keep nothing).
 */
export class WeightRows {
  private readonly caches = new WeakMap<Memory, CachedRows>();
  private keptBytes = 0;

  constructor(private readonly limitBytes: number) {}

  /** [columns]; not to be written to. */
  row(source: WeightSource, row: number): Float32Array {
    const cache = this.cacheOf(source);
    const known = cache.rows.get(row);
    if (known !== undefined) return known;
    const values = dequantizeRow(source, row);
    if (this.keptBytes + values.byteLength <= this.limitBytes) {
      cache.rows.set(row, values);
      this.keptBytes += values.byteLength;
    }
    return values;
  }

  forget(memory: Memory): void {
    const cache = this.caches.get(memory);
    if (cache === undefined) return;
    for (const row of cache.rows.values()) this.keptBytes -= row.byteLength;
    this.caches.delete(memory);
  }

  private cacheOf(source: WeightSource): CachedRows {
    const known = this.caches.get(source.memory);
    if (known !== undefined && known.revision === source.memory.revision && sameLayout(known.source, source))
      return known;
    this.forget(source.memory);
    const made = { source, revision: source.memory.revision, rows: new Map<number, Float32Array>() };
    this.caches.set(source.memory, made);
    return made;
  }
}

function sameLayout(a: WeightSource, b: WeightSource): boolean {
  return a.format === b.format && a.columns === b.columns && a.sideOffsetBytes === b.sideOffsetBytes;
}

function dequantizeRow({ memory, format, columns, sideOffsetBytes }: WeightSource, row: number): Float32Array {
  assert(columns % format.blockElements === 0, `rows of ${memory.label} are whole blocks`);
  const out = new Float32Array(columns);
  const count = columns / format.blockElements;
  const layout: PlaneLayout = { ...planeLayout(format, 0), sideOffsetBytes, totalBytes: memory.sizeBytes };
  // The planes share a buffer: a row past the end of one would be read from the other.
  const end = (row + 1) * count;
  const mainEnd = format.side === null ? memory.sizeBytes : sideOffsetBytes;
  const sideEnd = sideOffsetBytes + end * (format.side?.sizeBytes ?? 0);
  const within = end * layout.mainBlockBytes <= mainEnd && (format.side === null || sideEnd <= memory.sizeBytes);
  assert(within, `row ${row} lies within the planes of ${memory.label}`);
  const planes = memory.bytes(0, memory.sizeBytes);
  const block = new Uint8Array(format.blockBytes);
  const blockView = new DataView(block.buffer);
  const planesView = new DataView(planes.buffer);
  for (let i = 0; i < count; i++) {
    const at = row * count + i;
    if (format.side === null) {
      format.dequantizeBlock(planesView, at * format.blockBytes, out, i * format.blockElements);
    } else {
      joinBlock(format, layout, planes, at, block);
      format.dequantizeBlock(blockView, 0, out, i * format.blockElements);
    }
  }
  return out;
}
