import { describe, expect, it } from 'vitest';
import { describeAdapter, openGpuDevice, readAdapterLimits } from './adapter';

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

it.each([
  [16_384, false], // WebGPU's default, which the widest batches of halves exceed
  [20_480, true],
  [32_768, true],
])('halves need workgroup memory: %i bytes', async (maxComputeWorkgroupStorageSize, shaderF16) => {
  const adapter = { limits: { ...LIMITS, maxComputeWorkgroupStorageSize }, features: new Set(['shader-f16']) };
  const gpu = gpuOf({ requestAdapter: () => Promise.resolve(adapter) });
  expect(await readAdapterLimits(gpu, {})).toMatchObject({ shaderF16, subgroups: false });
  expect(await readAdapterLimits(gpu, { features: ['subgroups'] })).toMatchObject({ shaderF16: false });
});

it('a device is asked for with all that the adapter has of what is used, and with nothing else', async () => {
  const limits = {
    ...LIMITS,
    maxStorageBuffersPerShaderStage: 10,
    maxComputeInvocationsPerWorkgroup: 1024,
    maxComputeWorkgroupSizeX: 512,
  };
  const requests: GPUDeviceDescriptor[] = [];
  const adapter = {
    limits: { ...limits, maxBindGroups: 4 },
    features: new Set(['subgroups', 'timestamp-query', 'texture-compression-bc']),
    info: { description: 'an adapter', isFallbackAdapter: false },
    requestDevice: async (descriptor: GPUDeviceDescriptor) => requests.push(descriptor),
  };
  const asked: (GPURequestAdapterOptions | undefined)[] = [];
  const requestAdapter = async (options?: GPURequestAdapterOptions): Promise<unknown> => (asked.push(options), adapter);
  const gpu = gpuOf({ requestAdapter });
  await openGpuDevice(gpu, {});
  await openGpuDevice(gpu, { features: ['subgroups'], limits: { maxBufferSize: 500 } });
  expect(requests).toEqual([
    { requiredFeatures: ['subgroups', 'timestamp-query'], requiredLimits: limits },
    { requiredFeatures: ['subgroups'], requiredLimits: { ...limits, maxBufferSize: 500 } },
  ]);
  // Of two cards the one that is fast.
  expect(asked).toEqual([{ powerPreference: 'high-performance' }, { powerPreference: 'high-performance' }]);
});

// As Firefox tells of an adapter: nothing. Kept choices of kernels and fingerprints tell adapters apart by their names.
describe('an adapter whose name the browser keeps to itself', () => {
  const nameless = { vendor: '', architecture: '', device: '', description: '' };
  const nameOf = async ({ limits = LIMITS, features = ['subgroups'], info = {} }): Promise<string> => {
    const adapter = { info: { ...nameless, isFallbackAdapter: false, ...info }, limits, features: new Set(features) };
    return (await describeAdapter(gpuOf({ requestAdapter: () => Promise.resolve(adapter) }))).name;
  };

  it('is called by what it can do, the same at every visit', async () => {
    const name = await nameOf({});
    expect(name).toMatch(/^unnamed GPU [0-9a-f]{6}$/);
    expect(await nameOf({})).toBe(name);
    expect(await nameOf({ info: { isFallbackAdapter: true } })).toMatch(/^unnamed software adapter [0-9a-f]{6}$/);
  });

  it('is told apart by limits that are not its own properties: a browser has them on the prototype', async () => {
    const names = [1000, 2000].map((maxBufferSize) => nameOf({ limits: Object.create({ ...LIMITS, maxBufferSize }) }));
    const [one, other] = await Promise.all(names);
    expect(one).not.toBe(other);
  });

  it('is called the same in whatever order its features come', async () => {
    const [one, other] = [
      ['subgroups', 'timestamp-query'],
      ['timestamp-query', 'subgroups'],
    ];
    expect(await nameOf({ features: one })).toBe(await nameOf({ features: other }));
  });

  it('is not taken for another one', async () => {
    const names = await Promise.all([
      nameOf({}),
      nameOf({ limits: { ...LIMITS, maxBufferSize: 2000 } }),
      nameOf({ features: ['subgroups', 'timestamp-query'] }),
      nameOf({ info: { subgroupMinSize: 32, subgroupMaxSize: 64 } }),
    ]);
    expect(new Set(names).size).toBe(names.length);
  });

  it('has the name that a browser gives', async () => {
    const parts = { vendor: 'amd', architecture: 'rdna-3' };
    expect(await nameOf({ info: parts })).toBe('amd rdna-3');
    expect(await nameOf({ info: { ...parts, description: 'RX 7900' } })).toBe('RX 7900');
  });
});
