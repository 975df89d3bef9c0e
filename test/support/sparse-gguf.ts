import type { ByteStream } from '../../src/base/byte-stream';
import { MIB, roundUp } from '../../src/base/units';
import { ggmlTypeLayout, type GgmlType } from '../../src/gguf/ggml-type';
import type { ModelSource } from '../../src/store/source';
import { type MetaValue, writeGguf } from '../gguf-writer';

const ALIGNMENT = 32;
const CHUNK_BYTES = 8 * MIB;

/** A tensor that is zero but for some pieces. */
export interface SparseTensor {
  readonly name: string;
  readonly type: GgmlType;
  readonly shape: readonly number[];
  readonly pieces: readonly Piece[];
}

interface Piece {
  readonly offsetBytes: number;
  readonly bytes: Uint8Array;
}

/** A GGUF file of any size that exists nowhere: what is not zero is held, and the rest is made as it is read. */
export class SparseGguf {
  readonly sizeBytes: number;
  private readonly pieces: readonly Piece[];
  /** Where each tensor begins in the file. */
  readonly offsets: ReadonlyMap<string, number>;

  constructor(metadata: Readonly<Record<string, MetaValue>>, tensors: readonly SparseTensor[]) {
    let end = 0;
    const placed = tensors.map(({ name, type, shape, pieces }) => {
      const offset = roundUp(end, ALIGNMENT);
      const { blockElements, blockBytes } = ggmlTypeLayout(type);
      end = offset + (shape.reduce((product, length) => product * length, 1) / blockElements) * blockBytes;
      return { name, type, shape, offset, pieces, data: new Uint8Array() };
    });
    const header = writeGguf({ metadata, tensors: placed });
    const dataOffset = roundUp(header.byteLength, ALIGNMENT);
    this.sizeBytes = dataOffset + end;
    this.offsets = new Map(placed.map(({ name, offset }) => [name, dataOffset + offset]));
    this.pieces = [
      { offsetBytes: 0, bytes: header },
      ...placed.flatMap(({ offset, pieces }) =>
        pieces.map(({ offsetBytes, bytes }) => ({ offsetBytes: dataOffset + offset + offsetBytes, bytes })),
      ),
    ];
  }

  /** The bytes from `from` on, `length` of them. */
  private bytesAt(from: number, length: number): Uint8Array {
    const chunk = new Uint8Array(length);
    for (const { offsetBytes, bytes } of this.pieces) {
      const start = Math.max(from, offsetBytes);
      const end = Math.min(from + length, offsetBytes + bytes.byteLength);
      if (start < end) chunk.set(bytes.subarray(start - offsetBytes, end - offsetBytes), start - from);
    }
    return chunk;
  }

  stream(): ByteStream {
    let position = 0;
    const stop = new AbortController();
    return {
      read: async () => {
        stop.signal.throwIfAborted();
        const length = Math.min(CHUNK_BYTES, this.sizeBytes - position);
        if (length === 0) return null;
        position += length;
        return this.bytesAt(position - length, length);
      },
      cancel: async (reason) => stop.abort(reason),
    };
  }

  /** The file as a server offers it that knows its hash. */
  source(sha256: string | null): ModelSource {
    const fileName = 'sparse.gguf';
    return {
      label: fileName,
      open: async () => ({ stream: this.stream(), sizeBytes: this.sizeBytes, sha256, fileName }),
    };
  }
}
