import type { GgmlType } from './ggml-type';

/** A metadata value. 64-bit integers come as `number` while they are safe integers, else as `bigint`. */
export type GgufValue = number | bigint | boolean | string | GgufArray;
/** Numeric arrays of at most 32 bits come as typed arrays. */
export type GgufArray =
  | readonly string[]
  | readonly boolean[]
  | readonly (number | bigint)[]
  | readonly GgufArray[]
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array
  | Float32Array
  | Float64Array;
export type GgufMetadata = ReadonlyMap<string, GgufValue>;

export interface GgufTensor {
  readonly name: string;
  readonly type: GgmlType;
  /** GGUF order: shape[0] is the fastest, the length of a row. Always at least one entry. */
  readonly shape: readonly number[];
  /** From the start of the file. */
  readonly offsetBytes: number;
  readonly sizeBytes: number;
}

export interface GgufFile {
  readonly version: 2 | 3;
  readonly metadata: GgufMetadata;
  /** In the order of the directory, which need not be the order in the file. */
  readonly tensors: readonly GgufTensor[];
  readonly alignment: number;
  /** Where tensor data begins, from the start of the file. */
  readonly dataOffsetBytes: number;
}
