import { assert } from '../../base/assert';
import type { DeviceBuffer } from '../device';

/**
 * A buffer of the reference device: bytes of the host. Every access goes through a view of an exact range, so that
 * nothing outside the buffer is ever read as 0 or written into the void. Throws `InvariantError` outside it and once destroyed.
 */
export class Memory implements DeviceBuffer {
  /** Grows with every write: what was derived from the bytes before is stale. */
  revision = 0;
  private store: ArrayBuffer | null;

  constructor(
    readonly label: string,
    readonly sizeBytes: number,
  ) {
    this.store = new ArrayBuffer(sizeBytes);
  }

  bytes(at: number, length: number): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.range(at, length, 1), at, length);
  }

  halves(at: number, length: number): Uint16Array<ArrayBuffer> {
    return new Uint16Array(this.range(at, length, 2), at * 2, length);
  }

  words(at: number, length: number): Uint32Array<ArrayBuffer> {
    return new Uint32Array(this.range(at, length, 4), at * 4, length);
  }

  floats(at: number, length: number): Float32Array<ArrayBuffer> {
    return new Float32Array(this.range(at, length, 4), at * 4, length);
  }

  word(at: number): number {
    return this.words(at, 1)[0] ?? 0;
  }

  destroy(): void {
    this.store = null;
  }

  private range(at: number, length: number, elementBytes: number): ArrayBuffer {
    assert(this.store !== null, `${this.label} is not destroyed`);
    assert(
      at >= 0 && length >= 0 && (at + length) * elementBytes <= this.sizeBytes,
      `${this.label}: elements ${at} … ${at + length} of ${elementBytes} bytes lie within its ${this.sizeBytes} bytes`,
    );
    return this.store;
  }
}
