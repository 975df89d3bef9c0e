import { roundUp } from '../base/units';
import { badGguf, CONVERT_AGAIN, quoted } from './bad-gguf';
import type { ByteReader } from './byte-reader';
import { ggmlTypeById, ggmlTypeLayout, type GgmlType } from './ggml-type';
import { MAX_DIMENSIONS, MAX_TENSOR_NAME_BYTES } from './limits';
import type { GgufTensor } from './types';

/** A tensor as the directory has it, its offset still relative to the tensor data. */
interface DirectoryEntry {
  readonly name: string;
  readonly type: GgmlType;
  readonly shape: readonly number[];
  readonly sizeBytes: number;
  readonly relativeOffset: number;
  /** Where the entry stands in the file: goes into messages. */
  readonly entryAt: number;
}

/** Name length, number of dimensions, one dimension, type and offset. */
export const MIN_ENTRY_BYTES = 8 + 4 + 8 + 4 + 8;

/** Reads `count` entries. Throws `bad-gguf` on duplicates, unknown types and sizes beyond 2^53. */
export function readDirectory(reader: ByteReader, count: number): DirectoryEntry[] {
  reader.place = 'tensor directory';
  reader.require(count * MIN_ENTRY_BYTES, `a directory of ${count} tensors`);
  const names = new Set<string>();
  const entries: DirectoryEntry[] = [];
  for (let index = 0; index < count; index += 1) {
    reader.place = `tensor ${index}`;
    const entry = readEntry(reader);
    if (names.has(entry.name)) throw reader.fail('the name appears twice', undefined, entry.entryAt);
    names.add(entry.name);
    entries.push(entry);
  }
  return entries;
}

function readEntry(reader: ByteReader): DirectoryEntry {
  const entryAt = reader.position;
  const name = reader.strictString('the length of a tensor name', MAX_TENSOR_NAME_BYTES);
  if (name === '') throw reader.fail('the tensor has no name', undefined, entryAt);
  reader.place = `tensor ${quoted(name)}`;
  const shape = readShape(reader);
  const type = readType(reader);
  const sizeBytes = tensorBytes(reader, shape, type);
  const relativeOffset = reader.u64('the offset');
  if (typeof relativeOffset === 'bigint') throw reader.fail(`the offset ${relativeOffset} is beyond 2^53`);
  return { name, type, shape, sizeBytes, relativeOffset, entryAt };
}

function readShape(reader: ByteReader): number[] {
  const dimensions = reader.u32('the number of dimensions');
  if (dimensions < 1 || dimensions > MAX_DIMENSIONS) {
    throw reader.fail(`the tensor has ${dimensions} dimensions; 1 to ${MAX_DIMENSIONS} are possible`);
  }
  const shape: number[] = [];
  for (let index = 0; index < dimensions; index += 1) {
    const length = reader.u64('a dimension');
    if (length === 0) throw reader.fail(`dimension ${index} is 0`);
    if (typeof length === 'bigint') throw reader.fail(`dimension ${index} is ${length}, beyond 2^53`);
    shape.push(length);
  }
  return shape;
}

function readType(reader: ByteReader): GgmlType {
  const at = reader.position;
  const id = reader.u32('the tensor type');
  const type = ggmlTypeById(id);
  if (type === null) throw reader.fail(`the tensor type ${id} is unknown or was withdrawn`, CONVERT_AGAIN, at);
  return type;
}

function tensorBytes(reader: ByteReader, shape: readonly number[], type: GgmlType): number {
  const { blockElements, blockBytes } = ggmlTypeLayout(type);
  const rowLength = shape[0] ?? 0;
  if (rowLength % blockElements !== 0) {
    throw reader.fail(`a row of ${rowLength} elements is not whole ${type} blocks of ${blockElements}`);
  }
  // A product of numbers from 1 on never shrinks again, not even rounded: one look at the end finds every overflow.
  let sizeBytes = (rowLength / blockElements) * blockBytes;
  for (const length of shape.slice(1)) sizeBytes *= length;
  const elements = shape.reduce((product, length) => product * length, 1);
  if (!Number.isSafeInteger(elements) || !Number.isSafeInteger(sizeBytes)) {
    throw reader.fail(`the shape ${shape.join(' × ')} holds more than 2^53 elements or bytes`);
  }
  return sizeBytes;
}

/**
 * Gives the entries their places in the file. Throws `bad-gguf` when one is not aligned, overlaps another or ends beyond
 * the file (where its size is known).
 */
export function placeTensors(
  entries: readonly DirectoryEntry[],
  dataOffsetBytes: number,
  alignment: number,
  fileSizeBytes: number | undefined,
): GgufTensor[] {
  for (const { name, relativeOffset, sizeBytes, entryAt } of entries) {
    const place = `byte ${entryAt}, tensor ${quoted(name)}`;
    if (relativeOffset % alignment !== 0) {
      throw badGguf(`the offset ${relativeOffset} is not a multiple of the alignment ${alignment}`, place);
    }
    const end = dataOffsetBytes + relativeOffset + sizeBytes;
    if (!Number.isSafeInteger(end)) throw badGguf(`the data would end beyond 2^53`, place);
    if (fileSizeBytes !== undefined && end > fileSizeBytes) {
      const reason = `the data ends at byte ${end}, but the file is cut short or damaged: it has ${fileSizeBytes} bytes`;
      throw badGguf(reason, place);
    }
  }
  refuseOverlaps(entries);
  return entries.map(({ name, type, shape, sizeBytes, relativeOffset }) => {
    return { name, type, shape, sizeBytes, offsetBytes: dataOffsetBytes + relativeOffset };
  });
}

function refuseOverlaps(entries: readonly DirectoryEntry[]): void {
  const inFileOrder = entries.toSorted((a, b) => a.relativeOffset - b.relativeOffset);
  let previous: DirectoryEntry | null = null;
  for (const entry of inFileOrder) {
    if (previous !== null && entry.relativeOffset < previous.relativeOffset + previous.sizeBytes) {
      const reason = `the data overlaps that of tensor ${quoted(previous.name)}`;
      throw badGguf(reason, `byte ${entry.entryAt}, tensor ${quoted(entry.name)}`);
    }
    previous = entry;
  }
}

/** Where tensor data begins behind a directory that ends at `directoryEnd`. */
export function dataOffset(directoryEnd: number, alignment: number): number {
  return roundUp(directoryEnd, alignment);
}
