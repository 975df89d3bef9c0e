import { readFile } from 'node:fs/promises';
import * as koffi from 'koffi';
import { planeLayout, splitPlanes } from '../../../src/quant/planes';
import type { QuantFormat } from '../../../src/quant/format';
import { clang, hipBuild } from '../../sim/testing/build-scripts';

/** The weights of blocks by each way that kernels have to them: lib/format.h. */
export interface Unpacked {
  /** Of `dequant32`. */
  readonly single: Float32Array;
  /** Of `dequant_unit`, with the words of the group. */
  readonly grouped: Float32Array;
  /** Of `byte_unit`: scale · byte − minimum, rounded once. `null`: the format has none. */
  readonly fromBytes: Float32Array | null;
}

/** Unpacks blocks as they lie in a file. */
export type Unpacker = (bytes: Uint8Array) => Unpacked;

/** Compiles a block format and kernels that take it, for this host, to the shared object `output`. `folder`: with the kernels' text. */
export async function compileUnpacker(
  format: QuantFormat,
  output: string,
  folder: string,
  kernels: readonly string[] = [],
): Promise<Unpacker> {
  const [programs, build] = await Promise.all([clang(), hipBuild()]);
  const source = await readFile(new URL('unpack.cpp', import.meta.url), 'utf8');
  const files = ['prelude.h', `quant/${format.module}.hip`, ...kernels.map((name) => `ops/${name}.hip`)];
  const text = files.map((file) => `#include "${file}"\n`).join('') + source;
  await build.compileUnit({ clang: programs.clang, unit: format.module, target: 'sim', output, text, folder });
  const unpack = koffi
    .load(output)
    .func(
      'void unpack(void *weights, uint32_t units, uint32_t plane, void *single, void *grouped, void *bytes, void *scales)',
    );
  return (blocks) => {
    const units = (blocks.byteLength / format.blockBytes) * (format.blockElements / 32);
    const { words, plane } = planesOf(format, blocks);
    const single = new Float32Array(units * 32);
    const grouped = new Float32Array(units * 32);
    const bytes = new Int8Array(units * 32);
    const scales = new Float32Array(units * 4);
    unpack(words, units, plane, single, grouped, bytes, scales);
    return { single, grouped, fromBytes: format.inBytes ? bytesTimesScales(bytes, scales) : null };
  };
}

/** Blocks as the device has them, and the word at which their side plane begins. */
function planesOf(format: QuantFormat, bytes: Uint8Array): { words: Uint32Array; plane: number } {
  const layout = planeLayout(format, bytes.byteLength / format.blockBytes);
  const { main, side } = splitPlanes(format, bytes);
  const planes = new Uint8Array(layout.totalBytes);
  planes.set(main);
  if (side !== null) planes.set(side, layout.sideOffsetBytes);
  return { words: new Uint32Array(planes.buffer), plane: layout.sideOffsetBytes / 4 };
}

/** [units × 32] bytes; [units × 4] scales of both halves, then minimums of both. */
function bytesTimesScales(bytes: Int8Array, scales: Float32Array): Float32Array {
  return Float32Array.from(bytes, (byte, i) => {
    const at = 4 * Math.floor(i / 32) + Math.floor((i % 32) / 16);
    return (scales[at] ?? NaN) * byte - (scales[at + 2] ?? NaN);
  });
}
