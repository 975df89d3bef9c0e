import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { StagingRing } from './staging';

const MIB = 2 ** 20;

/** Sizes of the buffers that are there. */
let there: number[] = [];

beforeEach(() => {
  there = [];
  vi.stubGlobal('GPUBufferUsage', { MAP_READ: 1, COPY_DST: 8 });
});
afterEach(() => {
  vi.unstubAllGlobals();
});

function ring(): StagingRing {
  const createBuffer = ({ size }: GPUBufferDescriptor): Pick<GPUBuffer, 'size' | 'destroy'> => {
    there.push(size);
    return { size, destroy: () => void there.splice(there.indexOf(size), 1) };
  };
  return new StagingRing({ createBuffer } as unknown as GPUDevice, () => undefined);
}

it('keeps as many large buffers as steps are in flight, whatever one step took, and all small ones', () => {
  const staging = ring();
  const taken = [1, 2, 3, 4, 5]
    .map((size) => staging.take(size * MIB + 1))
    .concat([1, 2, 3].map(() => staging.take(100)));
  expect(there).toHaveLength(8);
  for (const buffer of taken) staging.giveBack(buffer);
  expect(there.filter((size) => size > MIB)).toHaveLength(2);
  expect(there.filter((size) => size <= MIB)).toHaveLength(3);
  staging.releaseIdle();
  expect(there).toEqual([]);
});

it('takes what is idle and large enough before it makes another', () => {
  const staging = ring();
  const first = staging.take(MIB);
  staging.giveBack(first);
  expect(staging.take(10)).toBe(first);
  expect(staging.take(10)).not.toBe(first);
});

it('takes of what is idle the smallest that is large enough', () => {
  const staging = ring();
  const [small, large] = [staging.take(100), staging.take(MIB)];
  for (const buffer of [large, small]) staging.giveBack(buffer);
  expect(staging.take(10)).toBe(small);
  expect(staging.take(10)).toBe(large);
  expect(there).toHaveLength(2);
});

it('takes whole logits with what is chosen beside them through the buffer that was made for logits alone', () => {
  const staging = ring();
  const logitsBytes = 4 * 49_152; // whole pages of memory
  const first = staging.take(logitsBytes);
  staging.giveBack(first);
  expect(staging.take(logitsBytes + 8 * 64)).toBe(first);
});
