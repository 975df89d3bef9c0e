import { unreachable } from '../base/assert';
import type { ByteReader } from './byte-reader';
import { MAX_ARRAY_DEPTH, MAX_ARRAY_ELEMENTS, MAX_NESTED_ARRAYS, MAX_STRING_BYTES } from './limits';
import type { GgufArray, GgufValue } from './types';

/** Metadata types in the order of their ids in a file (GGUF specification, `gguf_metadata_value_type`). */
export const VALUE_TYPES = [
  'u8',
  'i8',
  'u16',
  'i16',
  'u32',
  'i32',
  'f32',
  'bool',
  'string',
  'array',
  'u64',
  'i64',
  'f64',
] as const;
export type ValueType = (typeof VALUE_TYPES)[number];

/** The fewest bytes that a value takes: what an array's count is held against before anything is allocated. */
const MIN_BYTES: Readonly<Record<ValueType, number>> = {
  u8: 1,
  i8: 1,
  u16: 2,
  i16: 2,
  u32: 4,
  i32: 4,
  f32: 4,
  bool: 1,
  string: 8,
  array: 12,
  u64: 8,
  i64: 8,
  f64: 8,
};

/** Reads the metadata values of one header and keeps the accounts that bound their memory. */
export class ValueReader {
  private elementsLeft = MAX_ARRAY_ELEMENTS;
  private nestedArraysLeft = MAX_NESTED_ARRAYS;

  constructor(private readonly reader: ByteReader) {}

  /** A value and the type id in front of it. */
  typedValue(): GgufValue {
    return this.value(this.valueType('the value type'), 1);
  }

  private valueType(what: string): ValueType {
    const at = this.reader.position;
    const id = this.reader.u32(what);
    const type = VALUE_TYPES[id];
    if (type === undefined) throw this.reader.fail(`${what} ${id} is unknown`, undefined, at);
    return type;
  }

  private value(type: ValueType, depth: number): GgufValue {
    const { reader } = this;
    switch (type) {
      case 'u8':
        return reader.u8('a number');
      case 'i8':
        return reader.i8('a number');
      case 'u16':
        return reader.u16('a number');
      case 'i16':
        return reader.i16('a number');
      case 'u32':
        return reader.u32('a number');
      case 'i32':
        return reader.i32('a number');
      case 'f32':
        return reader.f32('a number');
      case 'bool':
        return this.boolean();
      case 'string':
        return reader.lossyString('the length of a string', MAX_STRING_BYTES);
      case 'array':
        return this.array(depth);
      case 'u64':
        return reader.u64('a number');
      case 'i64':
        return reader.i64('a number');
      case 'f64':
        return reader.f64('a number');
      default:
        return unreachable(type);
    }
  }

  private boolean(): boolean {
    const byte = this.reader.u8('a boolean');
    if (byte > 1) throw this.reader.fail(`a boolean is ${byte} instead of 0 or 1`, undefined, this.reader.position - 1);
    return byte === 1;
  }

  private array(depth: number): GgufArray {
    const { reader } = this;
    if (depth > MAX_ARRAY_DEPTH) throw reader.fail(`arrays are nested deeper than ${MAX_ARRAY_DEPTH}`);
    const type = this.valueType('the element type of an array');
    const countAt = reader.position;
    const count = reader.count('the length of an array', MAX_ARRAY_ELEMENTS);
    if (count > this.elementsLeft) {
      throw reader.fail(`the arrays together hold more than ${MAX_ARRAY_ELEMENTS} elements`, undefined, countAt);
    }
    this.elementsLeft -= count;
    if (type === 'array') {
      if (count > this.nestedArraysLeft) {
        throw reader.fail(`more than ${MAX_NESTED_ARRAYS} arrays stand inside arrays`, undefined, countAt);
      }
      this.nestedArraysLeft -= count;
    }
    reader.require(count * MIN_BYTES[type], `an array of ${count} elements`);
    return this.elements(type, count, depth);
  }

  /** Typed arrays are read in the host's byte order: every host that runs WebGPU or Node is little endian. */
  private elements(type: ValueType, count: number, depth: number): GgufArray {
    const { reader } = this;
    const bytes = (): ArrayBuffer => reader.copy(count * MIN_BYTES[type], 'an array');
    switch (type) {
      case 'u8':
        return new Uint8Array(bytes());
      case 'i8':
        return new Int8Array(bytes());
      case 'u16':
        return new Uint16Array(bytes());
      case 'i16':
        return new Int16Array(bytes());
      case 'u32':
        return new Uint32Array(bytes());
      case 'i32':
        return new Int32Array(bytes());
      case 'f32':
        return new Float32Array(bytes());
      case 'f64':
        return new Float64Array(bytes());
      case 'bool':
        return repeat(count, () => this.boolean());
      case 'string':
        return repeat(count, () => reader.lossyString('the length of a string', MAX_STRING_BYTES));
      case 'u64':
        return repeat(count, () => reader.u64('a number'));
      case 'i64':
        return repeat(count, () => reader.i64('a number'));
      case 'array':
        return repeat(count, () => this.array(depth + 1));
      default:
        return unreachable(type);
    }
  }
}

function repeat<T>(count: number, read: () => T): T[] {
  const values: T[] = [];
  for (let index = 0; index < count; index += 1) values.push(read());
  return values;
}
