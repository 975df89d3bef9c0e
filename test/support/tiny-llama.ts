import { ggmlTypeLayout, type GgmlType } from '../../src/gguf/ggml-type';
import { parseGguf } from '../../src/gguf/parse';
import type { GgufFile } from '../../src/gguf/types';
import { type MetaValue, type TensorSpec, writeGguf } from '../gguf-writer';
import { Random } from '../kernels/random';

/** A llama small enough to look at: two layers, grouped queries, every size another number. */
export const TINY = {
  hidden: 64,
  heads: 4,
  kvHeads: 2,
  headSize: 16,
  size: 96,
  layers: 2,
  vocabulary: 41,
  context: 40,
} as const;

export interface TinyOptions {
  /** Tensor name → type; F32 where nothing is said. */
  readonly types?: Readonly<Record<string, GgmlType>>;
  /** Added to the metadata; `undefined` takes an entry away. */
  readonly metadata?: Readonly<Record<string, MetaValue | undefined>>;
  /** Tensor name → shape; `undefined` takes the tensor away. */
  readonly shapes?: Readonly<Record<string, readonly number[] | undefined>>;
  /** The order of the tensors' data in the file. */
  readonly order?: (names: readonly string[]) => readonly string[];
  readonly hidden?: number;
}

/** The tensors of the tiny llama and their shapes, in GGUF's order of dimensions. */
export function tinyShapes(hidden: number = TINY.hidden): Record<string, readonly number[]> {
  const { heads, kvHeads, headSize, size, layers, vocabulary } = TINY;
  const shapes: Record<string, readonly number[]> = {
    'token_embd.weight': [hidden, vocabulary],
    'output_norm.weight': [hidden],
    'output.weight': [hidden, vocabulary],
  };
  for (let i = 0; i < layers; i++) {
    Object.assign(shapes, {
      [`blk.${i}.attn_norm.weight`]: [hidden],
      [`blk.${i}.attn_q.weight`]: [hidden, heads * headSize],
      [`blk.${i}.attn_k.weight`]: [hidden, kvHeads * headSize],
      [`blk.${i}.attn_v.weight`]: [hidden, kvHeads * headSize],
      [`blk.${i}.attn_output.weight`]: [heads * headSize, hidden],
      [`blk.${i}.ffn_norm.weight`]: [hidden],
      [`blk.${i}.ffn_gate.weight`]: [hidden, size],
      [`blk.${i}.ffn_up.weight`]: [hidden, size],
      [`blk.${i}.ffn_down.weight`]: [size, hidden],
    });
  }
  return shapes;
}

function tinyMetadata(hidden: number): Record<string, MetaValue> {
  return {
    'general.architecture': 'llama',
    'general.name': 'Tiny',
    'llama.block_count': TINY.layers,
    'llama.context_length': TINY.context,
    'llama.embedding_length': hidden,
    'llama.feed_forward_length': TINY.size,
    'llama.attention.head_count': TINY.heads,
    'llama.attention.head_count_kv': TINY.kvHeads,
    'llama.attention.key_length': TINY.headSize,
    'llama.attention.value_length': TINY.headSize,
    'llama.attention.layer_norm_rms_epsilon': 1e-5,
  };
}

/** The bytes of a tiny llama; its weights are seeded noise. */
export function tinyGguf(options: TinyOptions = {}): Uint8Array<ArrayBuffer> {
  return write(options, noise);
}

function write(options: TinyOptions, dataOf: (sizeBytes: number, seed: number) => Uint8Array): Uint8Array<ArrayBuffer> {
  const { hidden = TINY.hidden, types = {}, order = (names) => names } = options;
  const shapes = without({ ...tinyShapes(hidden), ...options.shapes });
  const metadata = without({ ...tinyMetadata(hidden), ...options.metadata });
  const tensors = order(Object.keys(shapes)).map((name, i): TensorSpec => {
    const shape = shapes[name] ?? [];
    const type = types[name] ?? 'F32';
    const { blockElements, blockBytes } = ggmlTypeLayout(type);
    const elements = shape.reduce((product, length) => product * length, 1);
    return { name, type, shape, data: dataOf((elements / blockElements) * blockBytes, i + 1) };
  });
  return writeGguf({ metadata, tensors });
}

function noise(sizeBytes: number, seed: number): Uint8Array {
  const random = new Random(seed);
  const bytes = new Uint8Array(sizeBytes);
  for (let at = 0; at < sizeBytes; at += 1) bytes[at] = random.integer(0, 255);
  return bytes;
}

/** The header of a tiny llama, which no weights need to be drawn for. */
export function tinyFile(options: TinyOptions = {}): GgufFile {
  const bytes = write(options, (sizeBytes) => new Uint8Array(sizeBytes));
  const parsed = parseGguf(bytes, bytes.byteLength);
  if (parsed.kind !== 'complete') throw new Error('the tiny model is cut');
  return parsed.file;
}

function without<T>(entries: Readonly<Record<string, T | undefined>>): Record<string, T> {
  return Object.fromEntries(Object.entries(entries).filter((entry): entry is [string, T] => entry[1] !== undefined));
}
