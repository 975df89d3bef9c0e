const utf8 = new TextEncoder();

/** Little-endian bytes that grow by doubling. */
export class ByteWriter {
  private buffer = new Uint8Array(4096);
  private view = new DataView(this.buffer.buffer);
  length = 0;

  /** What was written so far: a view, not a copy. */
  bytes(): Uint8Array {
    return this.buffer.subarray(0, this.length);
  }

  raw(bytes: Uint8Array): void {
    const start = this.take(bytes.length);
    this.buffer.set(bytes, start);
  }

  /** Zeros up to a multiple of `alignment`. */
  pad(alignment: number): void {
    this.take((alignment - (this.length % alignment)) % alignment);
  }

  u8(value: number): void {
    const start = this.take(1);
    this.view.setUint8(start, value);
  }

  u32(value: number): void {
    const start = this.take(4);
    this.view.setUint32(start, value, true);
  }

  i32(value: number): void {
    const start = this.take(4);
    this.view.setInt32(start, value, true);
  }

  f32(value: number): void {
    const start = this.take(4);
    this.view.setFloat32(start, value, true);
  }

  f64(value: number): void {
    const start = this.take(8);
    this.view.setFloat64(start, value, true);
  }

  u64(value: number | bigint): void {
    const start = this.take(8);
    this.view.setBigUint64(start, BigInt(value), true);
  }

  i64(value: number | bigint): void {
    const start = this.take(8);
    this.view.setBigInt64(start, BigInt(value), true);
  }

  /** A length-prefixed string. */
  string(text: string): void {
    const bytes = utf8.encode(text);
    this.u64(bytes.length);
    this.raw(bytes);
  }

  /** Where the next `sizeBytes` bytes go; they are zero. It may move the buffer: call it before that is looked at. */
  private take(sizeBytes: number): number {
    const start = this.length;
    this.length += sizeBytes;
    if (this.length > this.buffer.length) {
      const grown = new Uint8Array(Math.max(this.length, this.buffer.length * 2));
      grown.set(this.buffer.subarray(0, start));
      this.buffer = grown;
      this.view = new DataView(grown.buffer);
    }
    return start;
  }
}
