import { divideUp } from '../base/units';
import type { DeviceBuffer } from '../device/device';
import type { Dispatch } from '../device/plan';
import { paramLayout } from './params';

/** Logits a workgroup looks at. */
export const SLICE = 1024;
/** Candidates that `topk` keeps of a slice. */
export const TOP_K = 64;
/** The order key of a NaN: greater than any number's. */
export const NAN_KEY = 0xffffffff;

export const argmaxParams = paramLayout({ size: 'u32', first: 'u32', last: 'u32' });
export const topkParams = paramLayout({ size: 'u32', first: 'u32' });

export interface Candidates {
  readonly dispatches: readonly Dispatch[];
  /** Holds the result, [outputs × kept] of (order key, id). */
  readonly result: DeviceBuffer;
}

interface CandidateArgs {
  readonly logits: DeviceBuffer; // [outputs × size] f32
  readonly size: number;
  /** Two buffers of `candidateBytes`, used in turn. */
  readonly scratch: readonly [DeviceBuffer, DeviceBuffer];
}

/** Bytes of each scratch buffer for `outputs` outputs over `size` logits. */
export function candidateBytes(size: number, outputs: number): number {
  return outputs * divideUp(size, SLICE) * TOP_K * 8;
}

/** The best token of each output; it also becomes its slot's token in `sampled`. Ties: the lowest id. */
export function argmax(args: CandidateArgs & { readonly sampled: DeviceBuffer }): Candidates {
  return passes(args, 1, (input, output, size, first, last) => ({
    kernel: 'argmax',
    shader: 'argmax',
    module: '',
    constants: {},
    params: argmaxParams.encode({ size, first: first ? 1 : 0, last: last ? 1 : 0 }),
    buffers: [
      { buffer: input, access: 'read' },
      { buffer: output, access: 'write' },
      { buffer: args.sampled, access: 'write' },
    ],
    grid: (outputs) => [divideUp(size, SLICE), outputs, 1],
  }));
}

/** The 64 best tokens of each output, best first. */
export function topk(args: CandidateArgs): Candidates {
  return passes(args, TOP_K, (input, output, size, first) => ({
    kernel: 'topk',
    shader: 'topk',
    module: '',
    constants: {},
    params: topkParams.encode({ size, first: first ? 1 : 0 }),
    buffers: [
      { buffer: input, access: 'read' },
      { buffer: output, access: 'write' },
    ],
    grid: (outputs) => [divideUp(size, SLICE), outputs, 1],
  }));
}

type Pass = (input: DeviceBuffer, output: DeviceBuffer, size: number, first: boolean, last: boolean) => Dispatch;

/** Repeats a pass, each keeping `keep` of every slice, until one slice is left. */
function passes(args: CandidateArgs, keep: number, pass: Pass): Candidates {
  const dispatches: Dispatch[] = [];
  let input = args.logits;
  let size = args.size;
  let output = args.scratch[0];
  for (;;) {
    const slices = divideUp(size, SLICE);
    dispatches.push(pass(input, output, size, dispatches.length === 0, slices === 1));
    if (slices === 1) return { dispatches, result: output };
    input = output;
    size = slices * keep;
    output = output === args.scratch[0] ? args.scratch[1] : args.scratch[0];
  }
}

/** The logit that an order key stands for. */
export function keyToLogit(key: number): number {
  const words = new Uint32Array(1);
  words[0] = key & 0x80000000 ? key & 0x7fffffff : ~key;
  return new Float32Array(words.buffer)[0] ?? NaN;
}
