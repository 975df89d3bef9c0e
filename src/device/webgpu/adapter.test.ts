import { expect, it } from 'vitest';
import { readAdapterLimits } from './adapter';

const LIMITS = { maxBufferSize: 1000, maxStorageBufferBindingSize: 900, maxComputeWorkgroupStorageSize: 16_384 };

/** As much of WebGPU as is asked for limits. */
function gpuOf(more: object): GPU {
  const adapter = { limits: LIMITS, features: new Set(['subgroups']) };
  return { requestAdapter: () => Promise.resolve(adapter), ...more } as unknown as GPU;
}

const PACKED_DOT = 'packed_4x8_integer_dot_product';

it.each([
  ['tells no features of its language', {}, false],
  ['tells none that is used', { wgslLanguageFeatures: new Set(['pointer_composite_access']) }, false],
  ['multiplies bytes', { wgslLanguageFeatures: new Set([PACKED_DOT]) }, true],
])('a browser that %s is read', async (_, more, packedDot) => {
  expect(await readAdapterLimits(gpuOf(more), {})).toEqual({
    maxBufferBytes: 1000,
    maxBindingBytes: 900,
    subgroups: true,
    packedDot,
    shaderF16: false,
  });
});
