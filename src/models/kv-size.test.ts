import { describe, expect, it } from 'vitest';
import { GIB, MIB } from '../base/units';
import { TINY, tinyFile } from '../../test/support/tiny-llama';
import type { KvType } from '../kernels/kv-layout';
import { sizeKvCache } from './kv-size';
import type { Network } from './network';
import { describeNetwork } from './registry';

const network = describeNetwork(tinyFile());
/** A layer's block: keys and values of 16 tokens, 2 heads of 16. */
const BLOCK_BYTES = { f32: 2 * 16 * 2 * 16 * 4, f16: 2 * 16 * 2 * 16 * 2 } as const;

/** The same with heads of 32, as bytes and a half a head. */
const Q8_BLOCK_BYTES = 2 * 16 * 2 * 34;

const LOAD = { maxConcurrent: 2, stepRows: 16 } as const;

/** The network with heads of another size. */
function withHeads(of: Network, headSize: number): Network {
  return { ...of, layers: of.layers.map((layer) => ({ ...layer, attention: { ...layer.attention, headSize } })) };
}

/** The tiny network, trained for more tokens and with more layers and heads. */
function trained(contextLength: number, layers: number = TINY.layers, kvHeads: number = TINY.kvHeads): Network {
  const [first] = network.layers;
  if (first === undefined) throw new Error('a network has layers');
  const heads = Math.max(kvHeads, TINY.heads);
  const layer = { ...first, attention: { ...first.attention, heads, kvHeads } };
  return { ...network, contextLength, layers: Array.from({ length: layers }, () => layer) };
}

function refusal(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  throw new Error('it was not refused');
}

describe('sizeKvCache', () => {
  it('holds the whole context the model was trained for, in whole blocks', () => {
    expect(sizeKvCache(network, { kvType: 'f16', maxBindingBytes: GIB, ...LOAD })).toEqual({
      contextLength: 40,
      blocks: 3,
      window: null,
      notes: [],
    });
  });

  // Kernels count elements in u32, and of bytes with scales a buffer of 8 GiB has more than that.
  it.each(['f16', 'q8_0'] as const)('gives a layer no more elements of %s than a u32 counts', (kvType) => {
    const long = withHeads(trained(2 ** 28, 1), 32);
    const options = { kvType, maxBindingBytes: 8 * GIB, ...LOAD };
    const most = 2 ** 32 / (2 * TINY.kvHeads * 32);
    expect(sizeKvCache(long, { ...options, kvCacheTokens: most }).blocks).toBe(most / 16);
    expect(refusal(() => sizeKvCache(long, { ...options, kvCacheTokens: most + 16 }))).toMatchObject({
      code: 'out-of-memory',
    });
  });

  it('takes the context and the pool that are asked for', () => {
    const options = { kvType: 'f32', maxBindingBytes: GIB, ...LOAD } as const;
    expect(sizeKvCache(network, { ...options, contextLength: 17 })).toEqual({
      contextLength: 17,
      blocks: 2,
      window: null,
      notes: [],
    });
    expect(sizeKvCache(network, { ...options, kvCacheTokens: 400 })).toEqual({
      contextLength: 40,
      blocks: 25,
      window: null,
      notes: [],
    });
    const both = { ...options, contextLength: 20, kvCacheTokens: 20 };
    expect(sizeKvCache(network, both)).toEqual({ contextLength: 20, blocks: 2, window: null, notes: [] });
  });

  it('cuts the context to a small pool, and says so', () => {
    const size = sizeKvCache(network, { kvType: 'f32', maxBindingBytes: GIB, ...LOAD, kvCacheTokens: 32 });
    expect(size).toMatchObject({ contextLength: 32, blocks: 2 });
    expect(size.notes).toEqual([
      'The context was cut from 40 to 32 tokens to fit the KV cache. Set contextLength for more.',
    ]);
  });

  it.each([
    ['f32', 2],
    ['f16', 4],
  ] as const)('cuts the context to what a binding holds of %s', (kvType, blocks) => {
    const size = sizeKvCache(trained(1000), { kvType, maxBindingBytes: 2 * BLOCK_BYTES.f32 + 4, ...LOAD });
    expect(size).toMatchObject({ contextLength: blocks * 16, blocks });
    expect(size.notes).toHaveLength(1);
  });

  it('holds more tokens of q8_0, which takes 34 bytes for 32 elements', () => {
    const heads32 = withHeads(trained(1000), 32);
    const blocksOf = (kvType: KvType): number =>
      sizeKvCache(heads32, { kvType, maxBindingBytes: 34 * Q8_BLOCK_BYTES, ...LOAD }).blocks;
    expect([blocksOf('q8_0'), blocksOf('f16'), blocksOf('f32')]).toEqual([34, 18, 9]);
  });

  it.each([16, 80])('refuses q8_0 for heads of %i, and says what to choose', (headSize) => {
    const options = { kvType: 'q8_0', maxBindingBytes: GIB, ...LOAD } as const;
    expect(refusal(() => sizeKvCache(withHeads(network, headSize), options))).toMatchObject({
      code: 'invalid-request',
      param: 'kvCacheType',
      message: `With kvCacheType "q8_0" attention cannot take heads of size ${headSize} (32 elements of one share a scale). Choose "f16".`,
    });
    expect(sizeKvCache(withHeads(network, headSize), { ...options, kvType: 'f16' }).blocks).toBe(3);
  });

  it('refuses q8_0 for heads whose scales leave attention no memory', () => {
    const [heads, kvHeads] = [22, 2];
    const layers = withHeads(network, 256).layers.map((layer) => ({
      ...layer,
      attention: { ...layer.attention, heads, kvHeads },
    }));
    const options = { maxBindingBytes: GIB, ...LOAD };
    expect(refusal(() => sizeKvCache({ ...network, layers }, { ...options, kvType: 'q8_0' }))).toMatchObject({
      code: 'invalid-request',
      param: 'kvCacheType',
      message: expect.stringMatching(/cannot take 11 query heads of size 256 .*memory.* Choose "f16"/) as string,
    });
    expect(sizeKvCache({ ...network, layers }, { ...options, kvType: 'f16' }).blocks).toBe(3);
  });

  it('spends at most a gibibyte over all layers when nobody says', () => {
    const size = sizeKvCache(trained(2 ** 24, 64), { kvType: 'f32', maxBindingBytes: 4 * GIB, ...LOAD });
    expect(size.blocks * 64 * BLOCK_BYTES.f32).toBe(GIB);
    expect(size.contextLength).toBe(size.blocks * 16);
    const asked = sizeKvCache(trained(2 ** 24, 64), {
      kvType: 'f32',
      maxBindingBytes: 4 * GIB,
      ...LOAD,
      contextLength: 2 ** 18,
    });
    expect(asked).toEqual({ contextLength: 2 ** 18, blocks: 2 ** 14, window: null, notes: [] });
  });

  it('holds a block at least, if it takes more than a gibibyte', () => {
    const size = sizeKvCache(trained(1000, 600, 1000), { kvType: 'f32', maxBindingBytes: GIB, ...LOAD });
    expect(size).toMatchObject({ contextLength: 16, blocks: 1 });
  });

  it('refuses a context longer than the model was trained for', () => {
    const options = { kvType: 'f16', maxBindingBytes: GIB, ...LOAD, contextLength: 41 } as const;
    expect(refusal(() => sizeKvCache(network, options))).toMatchObject({
      code: 'invalid-request',
      param: 'contextLength',
      message: 'contextLength 41 is more than the 40 tokens this model was trained for. Ask for at most 40.',
    });
  });

  it('refuses a context longer than the pool', () => {
    const options = { kvType: 'f16', maxBindingBytes: GIB, ...LOAD, contextLength: 30, kvCacheTokens: 29 } as const;
    expect(refusal(() => sizeKvCache(network, options))).toMatchObject({
      code: 'invalid-request',
      param: 'contextLength',
      message:
        'contextLength 30 is more than the whole pool of kvCacheTokens 29. Raise kvCacheTokens or lower contextLength.',
    });
  });

  it.each([
    [{ contextLength: 33 }, 'contextLength', 33],
    [{ kvCacheTokens: 50 }, 'kvCacheTokens', 50],
  ] as const)('names what fits where %j does not', (asked, param, wanted) => {
    const options = { kvType: 'f32', maxBindingBytes: 2 * BLOCK_BYTES.f32, ...LOAD, ...asked } as const;
    expect(refusal(() => sizeKvCache(network, options))).toMatchObject({
      code: 'out-of-memory',
      param,
      message: `A KV cache of ${wanted} tokens needs a buffer larger than this adapter's 8.2 kB. At most 32 tokens fit.`,
    });
  });

  it('refuses an adapter that holds no block at all', () => {
    const options = { kvType: 'f32', maxBindingBytes: BLOCK_BYTES.f32 - 4, ...LOAD } as const;
    expect(refusal(() => sizeKvCache(network, options))).toMatchObject({
      code: 'out-of-memory',
      message: expect.stringContaining('At most 0 tokens fit'),
    });
  });

  it('holds several requests of the longest context where there is room for one only if asked', () => {
    const size = sizeKvCache(network, {
      kvType: 'f16',
      maxBindingBytes: MIB,
      ...LOAD,
      kvCacheTokens: 160,
      contextLength: 40,
    });
    expect(size).toEqual({ contextLength: 40, blocks: 10, window: null, notes: [] });
  });

  describe('of layers with a window', () => {
    /** Every other layer sees `window` positions. */
    function windowed(contextLength: number, window: number): Network {
      const whole = trained(contextLength, 4);
      const layers = whole.layers.map((layer, i) =>
        i % 2 === 0 ? { ...layer, attention: { ...layer.attention, window } } : layer,
      );
      return { ...whole, layers };
    }
    const options = { kvType: 'f32', maxBindingBytes: GIB, ...LOAD } as const;

    it('keeps what the requests that run can see, wherever their windows lie in their blocks', () => {
      // 20 + 16 - 1 positions touch four blocks of 16 at most.
      expect(sizeKvCache(windowed(1000, 20), options).window).toEqual({ tokens: 20, blocks: 2 * 4 });
      expect(sizeKvCache(windowed(1000, 17), options).window).toEqual({ tokens: 17, blocks: 2 * 3 });
      // One more than two blocks on either side of their seams, and two more.
      expect(sizeKvCache(windowed(1000, 18), options).window).toEqual({ tokens: 18, blocks: 2 * 3 });
      expect(sizeKvCache(windowed(1000, 19), options).window).toEqual({ tokens: 19, blocks: 2 * 4 });
    });

    it('keeps no more than the whole context, and forgets nothing where the window is as long', () => {
      expect(sizeKvCache(windowed(48, 20), options).window).toEqual({ tokens: 20, blocks: 3 });
      expect(sizeKvCache(windowed(1000, 1000), options).window).toBeNull();
      expect(sizeKvCache(windowed(1000, 20), { ...options, contextLength: 20 }).window).toBeNull();
    });

    it('spends on other layers what these do not need', () => {
      const size = sizeKvCache(windowed(2 ** 24, 20), options);
      expect(size.blocks * 2 * BLOCK_BYTES.f32 + 8 * 2 * BLOCK_BYTES.f32).toBe(GIB);
    });

    it('has buffers that fit the adapter', () => {
      const lowered = { ...options, maxBindingBytes: 8 * BLOCK_BYTES.f32 };
      expect(sizeKvCache(windowed(1000, 20), lowered)).toMatchObject({ contextLength: 128, window: { blocks: 8 } });
      const lower = { ...options, maxBindingBytes: 7 * BLOCK_BYTES.f32 };
      expect(sizeKvCache(windowed(1000, 20), lower)).toMatchObject({ contextLength: 112, window: { blocks: 7 } });
    });
  });
});
