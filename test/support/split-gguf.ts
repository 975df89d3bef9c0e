import { parseGguf } from '../../src/gguf/parse';
import type { GgufFile, GgufValue } from '../../src/gguf/types';
import { meta, writeGguf, type MetaValue } from '../gguf-writer';

export interface SplitOptions {
  /** Instead of what is true, by part. */
  readonly number?: (part: number) => number;
  readonly count?: (part: number) => number;
  readonly tensorCount?: number;
  /** The first part has no tensors, as `--no-tensor-first-split` writes it. */
  readonly emptyFirst?: boolean;
  /** Of the data of the later parts. */
  readonly alignment?: number;
  /** Bytes behind the last tensor of each part. */
  readonly trailing?: number;
}

export function parseWhole(bytes: Uint8Array): GgufFile {
  const parsed = parseGguf(bytes, bytes.byteLength);
  if (parsed.kind !== 'complete') throw new Error('the file is cut');
  return parsed.file;
}

/** A model in `parts` files, as `llama-gguf-split` writes them: metadata in the first, tensors in their order. */
export function splitGguf(bytes: Uint8Array, parts: number, options: SplitOptions = {}): Uint8Array<ArrayBuffer>[] {
  const { metadata, tensors } = parseWhole(bytes);
  const { number = (part) => part, count = () => parts, tensorCount = tensors.length, emptyFirst = false } = options;
  const { alignment = 32, trailing = 0 } = options;
  const filled = emptyFirst ? parts - 1 : parts;
  const each = Math.ceil(tensors.length / filled);
  return Array.from({ length: parts }, (_, part) => {
    const own = {
      'split.no': meta.number('u16', number(part)),
      'split.count': meta.number('u16', count(part)),
      'split.tensors.count': meta.number('i32', tensorCount),
    };
    const all = part === 0 ? Object.fromEntries([...metadata].map(([key, value]) => [key, metaOf(value)])) : {};
    const aligned = part > 0 && alignment !== 32 ? { 'general.alignment': alignment } : {};
    const at = (emptyFirst ? part - 1 : part) * each;
    const chosen = at < 0 ? [] : tensors.slice(at, at + each);
    const file = writeGguf({
      metadata: { ...all, ...own, ...aligned },
      tensors: chosen.map(({ name, type, shape, offsetBytes, sizeBytes }) => {
        return { name, type, shape, data: bytes.subarray(offsetBytes, offsetBytes + sizeBytes) };
      }),
      alignment: part > 0 ? alignment : 32,
    });
    const padded = new Uint8Array(file.length + trailing);
    padded.set(file);
    return padded;
  });
}

function metaOf(value: GgufValue): MetaValue {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value;
    case 'bigint':
      return meta.number(value < 0n ? 'i64' : 'u64', value);
    case 'number':
      return Number.isInteger(value) ? meta.number('i64', value) : meta.number('f32', value);
    default:
      return metaOfArray(value as Exclude<GgufValue, string | boolean | bigint | number>);
  }
}

function metaOfArray(value: Exclude<GgufValue, string | boolean | bigint | number>): MetaValue {
  if (value instanceof Float32Array || value instanceof Int32Array || value instanceof Uint32Array) return value;
  if (Array.isArray(value) && value.every((element) => typeof element === 'string')) return value;
  if (ArrayBuffer.isView(value)) return meta.numbers('f64', Array.from(value as ArrayLike<number>));
  const elements: readonly unknown[] = value;
  if (elements.every((element) => typeof element === 'boolean')) return meta.numbers('bool', elements.map(Number));
  if (elements.every((element) => typeof element === 'number' || typeof element === 'bigint')) {
    return meta.numbers('i64', elements);
  }
  throw new Error('this kind of array is not split');
}
