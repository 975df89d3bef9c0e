import type { ForgelightError } from '../base/errors';
import { formatBytes } from '../base/units';
import { badGguf } from './bad-gguf';
import { MAX_HEADER_BYTES } from './limits';

/** Thrown by `ByteReader`, caught by `parseGguf` alone: the prefix ends before the header does. */
export class PrefixTooShort extends Error {
  override readonly name = 'PrefixTooShort';
  constructor(readonly atLeastBytes: number) {
    super(`the header needs at least ${atLeastBytes} bytes`);
  }
}

const lossyUtf8 = new TextDecoder('utf-8', { ignoreBOM: true });
const strictUtf8 = new TextDecoder('utf-8', { ignoreBOM: true, fatal: true });
/** Up to this length a loop over ASCII beats the call into the decoder. */
const SHORT_STRING_BYTES = 24;

/** Reads little-endian values one after the other and refuses, by place and reason, what the file cannot hold. */
export class ByteReader {
  position = 0;
  /** What is being read: goes into messages. */
  place = 'file header';
  private readonly view: DataView;

  constructor(
    private readonly bytes: Uint8Array,
    readonly fileSizeBytes: number | undefined,
  ) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** The error for what was read at `at`. */
  fail(reason: string, advice?: string, at = this.position): ForgelightError {
    return badGguf(reason, `byte ${at}, ${this.place}`, advice);
  }

  /** Call before every read and every allocation: `sizeBytes` more bytes must be there. */
  require(sizeBytes: number, what: string): void {
    const end = this.position + sizeBytes;
    if (this.fileSizeBytes !== undefined && end > this.fileSizeBytes) {
      const left = Math.max(0, this.fileSizeBytes - this.position);
      throw this.fail(
        `${what} takes ${sizeBytes} bytes and only ${left} are left, so the file is cut short or damaged`,
      );
    }
    if (end > MAX_HEADER_BYTES) {
      throw this.fail(`${what} takes ${sizeBytes} bytes, and a header may hold ${formatBytes(MAX_HEADER_BYTES)}`);
    }
    if (end > this.bytes.length) throw new PrefixTooShort(end);
  }

  /** Makes sure of `sizeBytes` bytes, moves past them and gives where they begin. */
  private take(sizeBytes: number, what: string): number {
    this.require(sizeBytes, what);
    const start = this.position;
    this.position += sizeBytes;
    return start;
  }

  u8(what: string): number {
    return this.view.getUint8(this.take(1, what));
  }

  i8(what: string): number {
    return this.view.getInt8(this.take(1, what));
  }

  u16(what: string): number {
    return this.view.getUint16(this.take(2, what), true);
  }

  i16(what: string): number {
    return this.view.getInt16(this.take(2, what), true);
  }

  u32(what: string): number {
    return this.view.getUint32(this.take(4, what), true);
  }

  i32(what: string): number {
    return this.view.getInt32(this.take(4, what), true);
  }

  f32(what: string): number {
    return this.view.getFloat32(this.take(4, what), true);
  }

  f64(what: string): number {
    return this.view.getFloat64(this.take(8, what), true);
  }

  /** A number while it is a safe integer, else a bigint. */
  u64(what: string): number | bigint {
    const at = this.take(8, what);
    const value = this.view.getUint32(at, true) + this.view.getUint32(at + 4, true) * 2 ** 32;
    return Number.isSafeInteger(value) ? value : this.view.getBigUint64(at, true);
  }

  /** A number while it is a safe integer, else a bigint. */
  i64(what: string): number | bigint {
    const at = this.take(8, what);
    const value = this.view.getUint32(at, true) + this.view.getInt32(at + 4, true) * 2 ** 32;
    return Number.isSafeInteger(value) ? value : this.view.getBigInt64(at, true);
  }

  /** A 64-bit count of things of which no honest file has more than `max`. */
  count(what: string, max: number): number {
    const count = this.u64(what);
    if (count > max)
      throw this.fail(`${what} is ${count}, and at most ${max} are accepted`, undefined, this.position - 8);
    return Number(count);
  }

  /** A copy of the next bytes, aligned for any typed array. */
  copy(sizeBytes: number, what: string): ArrayBuffer {
    const start = this.take(sizeBytes, what);
    const copied = new Uint8Array(sizeBytes);
    copied.set(this.bytes.subarray(start, start + sizeBytes));
    return copied.buffer;
  }

  /** A length-prefixed string whose invalid UTF-8 becomes U+FFFD. */
  lossyString(what: string, maxBytes: number): string {
    const length = this.count(what, maxBytes);
    const start = this.take(length, what);
    return this.shortAscii(start, length) ?? lossyUtf8.decode(this.bytes.subarray(start, start + length));
  }

  /** A length-prefixed string that must be valid UTF-8. */
  strictString(what: string, maxBytes: number): string {
    const length = this.count(what, maxBytes);
    const start = this.take(length, what);
    try {
      return strictUtf8.decode(this.bytes.subarray(start, start + length));
    } catch (cause) {
      if (!(cause instanceof TypeError)) throw cause;
      throw this.fail(`${what} counts text that is not UTF-8`, undefined, start);
    }
  }

  private shortAscii(start: number, length: number): string | null {
    if (length > SHORT_STRING_BYTES) return null;
    let text = '';
    for (let index = start; index < start + length; index += 1) {
      const byte = this.view.getUint8(index);
      if (byte > 127) return null;
      text += String.fromCharCode(byte);
    }
    return text;
  }
}
