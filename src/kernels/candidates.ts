import { divideUp } from '../base/units';
import type { DeviceBuffer } from '../device/device';
import type { BufferUse, Dispatch } from '../device/plan';
import { paramLayout } from './params';

/** Logits a workgroup of `argmax` looks at. */
export const SLICE = 1024;
/** Candidates that `topk` keeps. */
export const TOP_K = 64;
/** The order key of a NaN: greater than any number's. */
export const NAN_KEY = 0xffffffff;

export const argmaxParams = paramLayout({ size: 'u32', first: 'u32', last: 'u32' });
export const topkParams = paramLayout({ size: 'u32', chunk: 'u32' });

export interface Candidates {
  readonly dispatches: readonly Dispatch[];
  /** Holds the result, [outputs × kept] of (order key, id). */
  readonly result: DeviceBuffer;
}

export interface CandidateArgs {
  readonly logits: DeviceBuffer; // [outputs × size] f32
  readonly size: number;
  /** Two buffers of `candidateBytes`, used in turn. */
  readonly scratch: readonly [DeviceBuffer, DeviceBuffer];
}

/** Bytes of each scratch buffer for `outputs` outputs over `size` logits. */
export function candidateBytes(size: number, outputs: number): number {
  return outputs * Math.max(TOP_K, divideUp(size, topkChunk(size))) * 8;
}

/** Logits a chunk of `topk`: the work grows with the square of the chunks, and of the logits in 64 of them. */
export function topkChunk(size: number): number {
  return size > 131_072 ? 64 : 32;
}

/** The best token of each output; it also becomes its slot's token in `sampled`. Ties: the lowest id. */
export function argmax(args: CandidateArgs & { readonly sampled: DeviceBuffer }): Candidates {
  const dispatches: Dispatch[] = [];
  let input = args.logits;
  let size = args.size;
  let output = args.scratch[0];
  for (;;) {
    const slices = divideUp(size, SLICE);
    dispatches.push(argmaxPass(input, output, args.sampled, size, dispatches.length === 0));
    if (slices === 1) return { dispatches, result: output };
    input = output;
    size = slices;
    output = output === args.scratch[0] ? args.scratch[1] : args.scratch[0];
  }
}

/** The best of each slice of the input; of one slice it is the token. */
function argmaxPass(
  input: DeviceBuffer,
  output: DeviceBuffer,
  sampled: DeviceBuffer,
  size: number,
  isFirst: boolean,
): Dispatch {
  const slices = divideUp(size, SLICE);
  return {
    kernel: 'argmax',
    shader: 'argmax',
    modules: {},
    constants: {},
    params: argmaxParams.encode({ size, first: isFirst ? 1 : 0, last: slices === 1 ? 1 : 0 }),
    buffers: [
      { buffer: input, access: 'read' },
      { buffer: output, access: 'write' },
      { buffer: sampled, access: 'write' },
    ],
    grid: (outputs) => [slices, outputs, 1],
  };
}

/** The 64 best tokens of each output, best first: the best of each chunk, the 64 best chunks, the 64 best in those. */
export function topk(args: CandidateArgs): Candidates {
  const { logits, size, scratch } = args;
  const chunk = topkChunk(size);
  const chunks = divideUp(size, chunk);
  const [best, winners] = scratch;
  const step = (kernel: 'topk_chunks' | 'topk_winners' | 'topk', threads: number, buffers: BufferUse[]): Dispatch => ({
    kernel,
    shader: kernel,
    modules: {},
    constants: {},
    params: topkParams.encode({ size, chunk }),
    buffers,
    grid: (outputs) => [divideUp(threads, 64), outputs, 1],
  });
  const dispatches = [
    step('topk_chunks', chunks, [
      { buffer: logits, access: 'read' },
      { buffer: best, access: 'write' },
    ]),
    step('topk_winners', chunks, [
      { buffer: best, access: 'read' },
      { buffer: winners, access: 'write' },
    ]),
    step('topk', TOP_K * chunk, [
      { buffer: logits, access: 'read' },
      { buffer: winners, access: 'read' },
      { buffer: best, access: 'write' },
    ]),
  ];
  return { dispatches, result: best };
}

/** The logit that an order key stands for. */
export function keyToLogit(key: number): number {
  const words = new Uint32Array(1);
  words[0] = key & 0x80000000 ? key & 0x7fffffff : ~key;
  return new Float32Array(words.buffer)[0] ?? NaN;
}
