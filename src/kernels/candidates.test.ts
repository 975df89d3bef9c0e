import { describe, expect, it } from 'vitest';
import type { DeviceBuffer } from '../device/device';
import { argmax, argmaxParams, candidateBytes, keyToLogit, NAN_KEY, topk, TOP_K, topkParams } from './candidates';

const buffer = (label: string): DeviceBuffer => ({ label, sizeBytes: 0 });
const logits = buffer('logits');
const scratch = [buffer('a'), buffer('b')] as const;
const sampled = buffer('sampled');
const SIZES = [1, 2, 63, 64, 65, 1023, 1024, 1025, 16_384, 16_385, 49_152, 65_536, 151_936, 262_144, 300_000];

/** How many candidates each pass looks at. */
function sizes(size: number, keep: number): number[] {
  const passes = [size];
  for (let left = size; left > 1024;) {
    left = Math.ceil(left / 1024) * keep;
    passes.push(left);
  }
  return passes;
}

describe('argmax', () => {
  it.each(SIZES)('goes on until one slice of %i is left', (size) => {
    const { dispatches, result } = argmax({ logits, size, scratch, sampled });
    const params = dispatches.map((dispatch) => argmaxParams.decode(dispatch.params));
    expect(params.map((pass) => pass.size)).toEqual(sizes(size, 1));
    expect(params.map((pass) => pass.first)).toEqual(params.map((_, i) => (i === 0 ? 1 : 0)));
    expect(params.map((pass) => pass.last)).toEqual(params.map((_, i) => (i === params.length - 1 ? 1 : 0)));
    expect(dispatches.at(-1)?.buffers[1]?.buffer).toBe(result);
    expect(dispatches.every((dispatch) => dispatch.buffers[2]?.buffer === sampled)).toBe(true);
  });
});

describe('topk', () => {
  it.each(SIZES)('looks at every chunk of %i, within the scratch buffers', (size) => {
    const { dispatches, result } = topk({ logits, size, scratch });
    expect(dispatches.map((dispatch) => dispatch.kernel)).toEqual(['topk_chunks', 'topk_winners', 'topk']);
    const [chunk = NaN] = dispatches.map((dispatch) => topkParams.decode(dispatch.params).chunk);
    const chunks = Math.ceil(size / chunk);
    expect(chunks * 8 * 3).toBeLessThanOrEqual(candidateBytes(size, 3));
    expect(TOP_K * 8 * 3).toBeLessThanOrEqual(candidateBytes(size, 3));
    const groups = [chunks, chunks, TOP_K * chunk].map((threads) => Math.ceil(threads / 64));
    expect(dispatches.map((dispatch) => dispatch.grid(3, 1))).toEqual(groups.map((count) => [count, 3, 1]));
    expect(dispatches.at(-1)?.buffers.at(-1)).toEqual({ buffer: result, access: 'write' });
    // Counting places is work of the square: neither step may grow out of hand.
    expect(Math.max(chunks, TOP_K * chunk)).toBeLessThanOrEqual(5000);
  });
});

describe.each([['argmax', 1, (size: number) => argmax({ logits, size, scratch, sampled }).dispatches]] as const)(
  'the passes of %s',
  (_name, keep, passes) => {
    it.each(SIZES)('hand on to each other, within the scratch buffers, over %i', (size) => {
      let input = logits;
      for (const dispatch of passes(size)) {
        const [from, to] = dispatch.buffers;
        expect(from).toEqual({ buffer: input, access: 'read' });
        expect(to?.access).toBe('write');
        expect(to?.buffer).not.toBe(input);
        const [slices, outputs, z] = dispatch.grid(3, 1);
        expect([outputs, z]).toEqual([3, 1]);
        expect(slices).toBe(Math.ceil((dispatch.params[0] ?? 0) / 1024));
        expect(slices * keep * 8 * 3).toBeLessThanOrEqual(candidateBytes(size, 3));
        input = to?.buffer ?? logits;
      }
    });
  },
);

describe('keyToLogit', () => {
  /** As in shaders/lib/order.wgsl. */
  function orderKey(value: number): number {
    const bits = new Uint32Array(Float32Array.of(value).buffer)[0] ?? 0;
    if (bits === 0x80000000) return 0x80000000;
    return ((bits & 0x80000000) !== 0 ? ~bits : bits | 0x80000000) >>> 0;
  }
  const ASCENDING = [
    -Infinity,
    -3.4028234663852886e38,
    -1.5,
    -1.1754943508222875e-38,
    -1.401298464324817e-45,
    0,
    1.401298464324817e-45,
    1.1754942106924411e-38,
    1.1754943508222875e-38,
    1,
    Math.fround(1.0000001),
    3.4028234663852886e38,
    Infinity,
  ];

  it.each(ASCENDING)('gives %d back', (value) => {
    expect(keyToLogit(orderKey(value))).toBe(value);
  });

  it('knows one zero only', () => {
    expect(Object.is(keyToLogit(orderKey(-0)), 0)).toBe(true);
  });

  it('rises with the key, up to NaN', () => {
    const keys = ASCENDING.map(orderKey);
    expect(keys).toEqual([...keys].sort((a, b) => a - b));
    expect(Math.max(...keys)).toBeLessThan(NAN_KEY);
    expect(keyToLogit(NAN_KEY)).toBeNaN();
  });
});
