import { describe, expect, it } from 'vitest';
import { GIB } from '../base/units';
import { largestBufferBytes } from './device';

describe('largestBufferBytes', () => {
  it.each([
    [1, 2, 1],
    [2, 1, 1],
    [32, 16, 8],
  ])('of %i GiB a buffer and %i a binding is %i GiB', (buffer, binding, largest) => {
    const limits = {
      maxBufferBytes: buffer * GIB,
      maxBindingBytes: binding * GIB,
      subgroups: false,
      packedDot: false,
      shaderF16: false,
    };
    expect(largestBufferBytes(limits)).toBe(largest * GIB);
  });
});
