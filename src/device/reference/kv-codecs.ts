import { f16ToF32, f32ToF16 } from '../../base/f16';
import type { KvType } from '../../kernels/kv-layout';
import type { Memory } from './memory';

/** How a type of cache keeps the elements of a head, the twin of its module in shaders/kv. `plane`: elements of the K plane. */
interface KvCodec {
  load(memory: Memory, at: number, headSize: number, plane: number): Float32Array;
  store(memory: Memory, at: number, values: Float32Array, plane: number): void;
}

const HALF_MAX = 65504;
const clamp = (value: number, most: number): number => Math.min(Math.max(value, -most), most);

const F32: KvCodec = {
  load: (memory, at, headSize) => memory.floats(at, headSize),
  store: (memory, at, values) => memory.floats(at, values.length).set(values),
};

const F16: KvCodec = {
  load: (memory, at, headSize) => Float32Array.from(memory.halves(at, headSize), f16ToF32),
  store(memory, at, values) {
    memory.halves(at, values.length).set(Array.from(values, (v) => f32ToF16(clamp(v, HALF_MAX))));
  },
};

const BLOCK = 32;
/** Halves round it to 0. */
const LEAST_SCALE = 2 ** -25;
/** Added and taken away it rounds what is small to whole numbers, ties to even as WGSL's `round`. */
const ROUNDER = 1.5 * 2 ** 23;

const Q8_0: KvCodec = {
  load(memory, at, headSize, plane) {
    const values = Float32Array.from(Int8Array.from(memory.bytes(at, headSize)));
    for (let first = 0; first < headSize; first += BLOCK) {
      const scale = f16ToF32(q8Scale(memory, at + first, plane)[0] ?? 0);
      for (let i = first; i < first + BLOCK; i++) values[i] = (values[i] ?? 0) * scale;
    }
    return values;
  },
  store(memory, at, values, plane) {
    for (let first = 0; first < values.length; first += BLOCK) {
      const block = values.subarray(first, first + BLOCK).map((v) => clamp(v, HALF_MAX * 127));
      const scale = Math.fround(block.reduce((most, v) => Math.max(most, Math.abs(v)), 0) / 127);
      q8Scale(memory, at + first, plane)[0] = f32ToF16(scale);
      const bytes = block.map((v) => (scale > LEAST_SCALE ? Math.fround(v / scale + ROUNDER) - ROUNDER : 0));
      memory.bytes(at + first, BLOCK).set(Int8Array.from(bytes));
    }
  },
};

/** The half that scales a block: behind the bytes of both planes the scales of a key's block and its value's in turn. */
function q8Scale(memory: Memory, at: number, plane: number): Uint16Array {
  const block = Math.floor((at % plane) / BLOCK);
  return memory.halves(plane + 2 * block + (at < plane ? 0 : 1), 1);
}

export const KV_CODECS: Readonly<Record<KvType, KvCodec>> = { f16: F16, f32: F32, q8_0: Q8_0 };
