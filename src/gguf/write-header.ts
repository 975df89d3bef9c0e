import { ByteWriter } from './byte-writer';
import { ggmlTypeId } from './ggml-type';
import type { GgufArray, GgufMetadata, GgufTensor, GgufValue } from './types';
import { VALUE_TYPES, type ValueType } from './value';

export interface HeaderSpec {
  readonly metadata: GgufMetadata;
  /** In the order of the directory; `offset` counts from the start of the tensor data. */
  readonly tensors: readonly (Pick<GgufTensor, 'name' | 'type' | 'shape'> & { readonly offset: number })[];
  /** Of the tensor data; where it is not 32, the metadata must say so too. */
  readonly alignment: number;
}

/**
 * The bytes of a GGUF header (version 3, little endian) up to where the tensor data begins. What is parsed again has equal
 * values; a number may have another of the file's types than it came with. The same header always has the same bytes.
 * Source: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
 */
export function writeGgufHeader({ metadata, tensors, alignment }: HeaderSpec): Uint8Array {
  const writer = new ByteWriter();
  for (const letter of 'GGUF') writer.u8(letter.charCodeAt(0));
  writer.u32(3);
  writer.u64(tensors.length);
  writer.u64(metadata.size);
  for (const [key, value] of metadata) {
    writer.string(key);
    const type = typeOf(value);
    writeType(writer, type);
    writeValue(writer, type, value);
  }
  for (const { name, type, shape, offset } of tensors) {
    writer.string(name);
    writer.u32(shape.length);
    for (const length of shape) writer.u64(length);
    writer.u32(ggmlTypeId(type));
    writer.u64(offset);
  }
  writer.pad(alignment);
  return writer.bytes();
}

function writeType(writer: ByteWriter, type: ValueType): void {
  writer.u32(VALUE_TYPES.indexOf(type));
}

function typeOf(value: GgufValue): ValueType {
  switch (typeof value) {
    case 'string':
      return 'string';
    case 'boolean':
      return 'bool';
    case 'bigint':
      return value < 0n ? 'i64' : 'u64';
    case 'number':
      return numberType(value);
    default:
      return 'array';
  }
}

/** The smallest type that gives the value back. */
function numberType(value: number): ValueType {
  if (!Number.isSafeInteger(value) || Object.is(value, -0)) return Object.is(Math.fround(value), value) ? 'f32' : 'f64';
  if (value < 0) return value >= -(2 ** 31) ? 'i32' : 'i64';
  return value < 2 ** 32 ? 'u32' : 'u64';
}

const TYPED_ARRAYS: readonly (readonly [new (length: number) => GgufArray, ValueType])[] = [
  [Uint8Array, 'u8'],
  [Int8Array, 'i8'],
  [Uint16Array, 'u16'],
  [Int16Array, 'i16'],
  [Uint32Array, 'u32'],
  [Int32Array, 'i32'],
  [Float32Array, 'f32'],
  [Float64Array, 'f64'],
];

/** Of a plain array: strings, booleans, 64-bit integers or arrays, as the reader gives them. An empty one says no more. */
function elementType(array: GgufArray): ValueType {
  const typed = TYPED_ARRAYS.find(([constructor]) => array instanceof constructor);
  if (typed !== undefined) return typed[1];
  const [first] = array as readonly GgufValue[];
  if (typeof first === 'number' || typeof first === 'bigint') {
    return (array as readonly (number | bigint)[]).some((element) => element < 0) ? 'i64' : 'u64';
  }
  return first === undefined ? 'string' : typeOf(first);
}

function writeValue(writer: ByteWriter, type: ValueType, value: GgufValue): void {
  if (typeof value === 'object') {
    writeArray(writer, value);
    return;
  }
  if (typeof value === 'string') {
    writer.string(value);
    return;
  }
  if (typeof value === 'bigint' || type === 'u64' || type === 'i64') {
    if (type === 'i64') writer.i64(BigInt(value));
    else writer.u64(BigInt(value));
    return;
  }
  const number = Number(value);
  if (type === 'bool') writer.u8(number);
  else if (type === 'i32') writer.i32(number);
  else if (type === 'f32') writer.f32(number);
  else if (type === 'f64') writer.f64(number);
  else writer.u32(number);
}

/** Typed arrays are in the host's byte order, which is the file's: as in `ValueReader`. */
function writeArray(writer: ByteWriter, array: GgufArray): void {
  const type = elementType(array);
  writeType(writer, type);
  writer.u64(array.length);
  if (ArrayBuffer.isView(array)) {
    writer.raw(new Uint8Array(array.buffer, array.byteOffset, array.byteLength));
    return;
  }
  for (const element of array as readonly GgufValue[]) writeValue(writer, type, element);
}
