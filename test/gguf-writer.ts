import { ggmlTypeId, ggmlTypeLayout, type GgmlType } from '../src/gguf/ggml-type';
import { VALUE_TYPES, type ValueType } from '../src/gguf/value';

/** Writes GGUF files for tests: well-formed by default, and every number of them can be overridden to make them hostile. */
export function writeGguf(spec: GgufSpec): Uint8Array<ArrayBuffer> {
  const { metadata = {}, tensors = [], alignment = 32 } = spec;
  const entries = Array.isArray(metadata) ? metadata : Object.entries(metadata);
  const writer = new ByteWriter();
  writer.raw(spec.magic ?? 'GGUF');
  writer.u32(spec.version ?? 3);
  writer.u64(spec.tensorCount ?? tensors.length);
  writer.u64(spec.metadataCount ?? entries.length);
  for (const [key, value] of entries) {
    writer.string(key);
    writer.typedValue(value);
  }
  const data = new ByteWriter();
  for (const tensor of tensors) {
    data.pad(alignment);
    writeEntry(writer, tensor, data.length);
    data.raw(tensor.data ?? new Uint8Array(tensorBytes(tensor)));
  }
  if (tensors.length > 0 && data.length > 0) {
    writer.pad(alignment);
    writer.raw(data.bytes());
  }
  return writer.bytes();
}

export interface GgufSpec {
  readonly magic?: string;
  readonly version?: number;
  readonly metadata?: Readonly<Record<string, MetaValue>> | readonly (readonly [string | Uint8Array, MetaValue])[];
  readonly tensors?: readonly TensorSpec[];
  /** Where data goes; `general.alignment` is the caller's to write. */
  readonly alignment?: number;
  /** Instead of the true counts. */
  readonly tensorCount?: number | bigint;
  readonly metadataCount?: number | bigint;
}

export interface TensorSpec {
  readonly name: string | Uint8Array;
  readonly type: GgmlType | number;
  readonly shape: readonly (number | bigint)[];
  /** Default: zeros of the right size. */
  readonly data?: Uint8Array;
  /** Instead of the true offset, relative to the tensor data. */
  readonly offset?: number | bigint;
  /** Instead of the shape's length. */
  readonly dimensions?: number;
}

/** Plain values become string, bool, u32, i32 or f32 and arrays of them; `meta` makes every other type. */
export type MetaValue =
  | string
  | boolean
  | number
  | readonly string[]
  | Float32Array
  | Int32Array
  | Uint32Array
  | TypedMeta;

export interface TypedMeta {
  readonly type: ValueType | number;
  readonly write: (writer: ByteWriter) => void;
}

/** Metadata of exactly this type. */
export const meta = {
  number: (type: ValueType, value: number | bigint): TypedMeta => {
    return { type, write: (writer) => writer.number(type, value) };
  },
  string: (value: string | Uint8Array, length?: number | bigint): TypedMeta => {
    return { type: 'string', write: (writer) => writer.string(value, length) };
  },
  /** `count` instead of the true one. */
  numbers: (of: ValueType | number, values: readonly (number | bigint)[], count?: number | bigint): TypedMeta => {
    return meta.array(of, values.length, count, (writer) => {
      for (const value of values) writer.number(typeof of === 'number' ? 'u8' : of, value);
    });
  },
  strings: (values: readonly (string | Uint8Array)[], count?: number | bigint): TypedMeta => {
    return meta.array('string', values.length, count, (writer) => {
      for (const value of values) writer.string(value);
    });
  },
  /** An array of arrays. */
  nested: (values: readonly TypedMeta[], count?: number | bigint): TypedMeta => {
    return meta.array('array', values.length, count, (writer) => {
      for (const value of values) value.write(writer);
    });
  },
  array: (
    of: ValueType | number,
    length: number,
    count: number | bigint | undefined,
    writeElements: (writer: ByteWriter) => void,
  ): TypedMeta => {
    const write = (writer: ByteWriter): void => {
      writer.valueType(of);
      writer.u64(count ?? length);
      writeElements(writer);
    };
    return { type: 'array', write };
  },
};

/** Little-endian bytes that grow. */
export class ByteWriter {
  private buffer = new Uint8Array(1024);
  length = 0;

  bytes(): Uint8Array<ArrayBuffer> {
    return this.buffer.slice(0, this.length);
  }

  raw(bytes: Uint8Array | string): void {
    const source = typeof bytes === 'string' ? new TextEncoder().encode(bytes) : bytes;
    this.grow(source.length);
    this.buffer.set(source, this.length);
    this.length += source.length;
  }

  pad(alignment: number): void {
    const target = Math.ceil(this.length / alignment) * alignment;
    this.grow(target - this.length);
    this.length = target;
  }

  u32(value: number): void {
    this.number('u32', value);
  }

  u64(value: number | bigint): void {
    this.number('u64', value);
  }

  string(value: string | Uint8Array, length?: number | bigint): void {
    const bytes = typeof value === 'string' ? new TextEncoder().encode(value) : value;
    this.u64(length ?? bytes.length);
    this.raw(bytes);
  }

  valueType(type: ValueType | number): void {
    this.u32(typeof type === 'number' ? type : VALUE_TYPES.indexOf(type));
  }

  typedValue(value: MetaValue): void {
    const typed = toTyped(value);
    this.valueType(typed.type);
    typed.write(this);
  }

  number(type: ValueType, value: number | bigint): void {
    const bytes = new DataView(new ArrayBuffer(8));
    const size = setNumber(bytes, type, value);
    this.raw(new Uint8Array(bytes.buffer, 0, size));
  }

  private grow(more: number): void {
    if (this.length + more <= this.buffer.length) return;
    const grown = new Uint8Array(Math.max(this.length + more, this.buffer.length * 2));
    grown.set(this.buffer);
    this.buffer = grown;
  }
}

function toTyped(value: MetaValue): TypedMeta {
  if (typeof value === 'string') return meta.string(value);
  if (typeof value === 'boolean') return meta.number('bool', Number(value));
  if (typeof value === 'number') {
    if (!Number.isInteger(value)) return meta.number('f32', value);
    return meta.number(value < 0 ? 'i32' : 'u32', value);
  }
  if (value instanceof Float32Array) return meta.numbers('f32', Array.from(value));
  if (value instanceof Int32Array) return meta.numbers('i32', Array.from(value));
  if (value instanceof Uint32Array) return meta.numbers('u32', Array.from(value));
  return 'write' in value ? value : meta.strings(value);
}

/** Returns how many bytes were set. */
function setNumber(view: DataView, type: ValueType, value: number | bigint): number {
  switch (type) {
    case 'u8':
    case 'bool':
      view.setUint8(0, Number(value));
      return 1;
    case 'i8':
      view.setInt8(0, Number(value));
      return 1;
    case 'u16':
      view.setUint16(0, Number(value), true);
      return 2;
    case 'i16':
      view.setInt16(0, Number(value), true);
      return 2;
    case 'u32':
      view.setUint32(0, Number(value), true);
      return 4;
    case 'i32':
      view.setInt32(0, Number(value), true);
      return 4;
    case 'f32':
      view.setFloat32(0, Number(value), true);
      return 4;
    case 'f64':
      view.setFloat64(0, Number(value), true);
      return 8;
    case 'u64':
      view.setBigUint64(0, BigInt(value), true);
      return 8;
    case 'i64':
      view.setBigInt64(0, BigInt(value), true);
      return 8;
    case 'string':
    case 'array':
      throw new Error(`${type} is not a number`);
  }
}

function writeEntry(writer: ByteWriter, tensor: TensorSpec, offset: number): void {
  writer.string(tensor.name);
  writer.u32(tensor.dimensions ?? tensor.shape.length);
  for (const length of tensor.shape) writer.u64(length);
  writer.u32(typeof tensor.type === 'number' ? tensor.type : ggmlTypeId(tensor.type));
  writer.u64(tensor.offset ?? offset);
}

/** 0 for a tensor whose size makes no sense or is too large to write: such a file has no data. */
function tensorBytes(tensor: TensorSpec): number {
  if (typeof tensor.type === 'number') return 0;
  const { blockElements, blockBytes } = ggmlTypeLayout(tensor.type);
  const elements = tensor.shape.reduce<number>((product, length) => product * Number(length), 1);
  const bytes = (elements / blockElements) * blockBytes;
  return Number.isInteger(bytes) && bytes < 2 ** 26 ? bytes : 0;
}
