import { describe, expect, it } from 'vitest';
import { LAST_BITS, memoryCache, PosingAdapter, type Posed } from '../../test/support/posing-adapter';
import type { Dispatch } from '../device/plan';
import { createReferenceDevice } from '../device/reference/reference-device';
import { BATCH_WIDTHS } from '../kernels/matvec';
import { F16 } from '../quant/f16';
import type { QuantFormat } from '../quant/format';
import { Q4_1 } from '../quant/q4_1';
import { Q6_K } from '../quant/q6_k';
import { Q8_0 } from '../quant/q8_0';
import { chooseVariants, type ChosenVariants, type VariantOptions } from './choose-variants';

function setUp(posed: Posed = {}) {
  const adapter = new PosingAdapter(posed);
  const cache = memoryCache();
  const choose = (
    forced: Readonly<Record<string, string>> = {},
    format = Q4_1,
    maxRows = 16,
    fastFormats: VariantOptions['fastFormats'] = null,
  ): Promise<ChosenVariants> =>
    chooseVariants(adapter.device, format, { clock: adapter.clock, cache, forced, maxRows, fastFormats });
  const fast = (fastFormats: readonly QuantFormat[], format = Q4_1): Promise<ChosenVariants> =>
    choose({}, format, 16, fastFormats);
  return { adapter, cache, choose, fast };
}

/** The fastest, were it right. */
const LANES_FIRST = { matvec_lanes: 1 };
const CHUNKS = [64, 256, 512];
const KEY = 'posing|subgroups|reference|Q4_1|up to 16 rows|exact';

describe('chooseVariants', () => {
  it('takes the fastest where all are right, in every batch width, and has nothing to say', async () => {
    const { adapter, choose } = setUp({ ms: LANES_FIRST });
    expect(await choose()).toEqual({ matvec: 'lanes', rounded: null, batch: BATCH_WIDTHS, chunks: CHUNKS, notes: [] });
    expect([adapter.base.allocatedBytes(), adapter.prepared.length]).toEqual([0, 0]);
  });

  it.each([1.001, 0, NaN])('does not measure a variant whose results are multiplied by %f', async (wrong) => {
    const { adapter, choose } = setUp({
      ms: LANES_FIRST,
      factor: ({ shader }) => (shader === 'matvec_lanes' ? wrong : 1),
    });
    const { matvec, notes } = await choose();
    expect(matvec).toBe('rows');
    expect(notes).toEqual([expect.stringContaining('matvec_lanes')]);
    const timed = adapter.ran((label) => label === 'probe').map(({ shader }) => shader);
    expect(timed).toContain('matvec_subgroup');
    expect(timed).not.toContain('matvec_lanes');
  });

  it('leaves out what the driver cannot compile, as what is wrong', async () => {
    const fails = ({ shader, constants }: Dispatch): boolean =>
      shader === 'matvec_lanes' || constants['BATCH'] === 8 || constants['TOKENS'] === 256;
    const { adapter, choose } = setUp({ ms: LANES_FIRST, fails });
    const { matvec, batch, chunks, notes } = await choose();
    expect([matvec, batch, chunks]).toEqual(['rows', [1, 2, 4, 16], [64, 512]]);
    expect(notes).toEqual(['matvec_lanes', '8 rows', '256 tokens'].map((what) => expect.stringContaining(what)));
    expect([adapter.base.allocatedBytes(), adapter.prepared.length]).toEqual([0, 0]);
  });

  it('refuses an adapter whose driver cannot compile the plainest', async () => {
    const { choose } = setUp({ fails: ({ shader }) => shader === 'matvec_rows' });
    await expect(choose()).rejects.toMatchObject({ code: 'missing-feature' });
  });

  it.each([{ subgroups: true }, { subgroups: false }])(
    'tries subgroups only where there are any: %j',
    async (posed) => {
      const { adapter, choose } = setUp({ ...posed, ms: { matvec_subgroup: 0 } });
      expect((await choose()).matvec === 'subgroup').toBe(posed.subgroups);
      const shaders = adapter.ran(() => true).map(({ shader }) => shader);
      expect(shaders.includes('matvec_subgroup')).toBe(posed.subgroups);
    },
  );

  it('tries only the plain shapes where threads are those of the CPU, and those that are asked for by name', async () => {
    const { adapter, choose, fast } = setUp({
      isSoftware: true,
      shaderF16: true,
      ms: { ...LANES_FIRST, 'matvec_int8-lanes': 1 },
    });
    const chunks = [16];
    expect(await choose()).toMatchObject({ matvec: 'rows', rounded: null, batch: BATCH_WIDTHS, chunks });
    await fast([Q4_1]);
    const tried = new Set(adapter.ran(() => true).map(({ shader }) => shader));
    expect([...tried].filter((shader) => /lanes|subgroup|f16/.test(shader))).toEqual([]);
    expect(await choose({ matvec: 'lanes' })).toMatchObject({ matvec: 'lanes', chunks });
  });

  it('leaves out a batch width whose rows have other bits, and no other', async () => {
    const { choose } = setUp({ factor: ({ constants }) => (constants.BATCH === 8 ? LAST_BITS : 1) });
    const { batch, notes } = await choose();
    expect(batch).toEqual([1, 2, 4, 16]);
    expect(notes).toEqual([expect.stringContaining('8 rows at once')]);
  });

  it('leaves out a tile of prompts with other bits, and no other', async () => {
    const { choose } = setUp({ factor: ({ constants }) => (constants['TOKENS'] === 512 ? LAST_BITS : 1) });
    const { chunks, notes } = await choose();
    expect(chunks).toEqual([64, 256]);
    expect(notes).toEqual([expect.stringContaining('512 tokens at once')]);
  });

  it.each([
    [1, [1]],
    [2, [1, 2]],
    [5, [1, 2, 4, 8]],
    [8, [1, 2, 4, 8]],
    [64, BATCH_WIDTHS],
  ])('makes and tests only the widths that %i rows need', async (maxRows, widths) => {
    const { adapter, choose } = setUp();
    expect((await choose({}, Q4_1, maxRows)).batch).toEqual(widths);
    const ran = adapter.ran((label) => label === 'selftest').map(({ constants }) => constants.BATCH);
    expect([...new Set(ran)].filter((width) => width !== undefined)).toEqual(widths);
    // Another engine may run more rows, which are tested then.
    expect((await choose({}, Q4_1, 16)).batch).toEqual(BATCH_WIDTHS);
  });

  it.each([0, 1, 2])('looks at the bits of every epilogue: %i', async (epilogue) => {
    const { choose } = setUp({
      factor: ({ constants }) => (constants.BATCH === 2 && constants.EPILOGUE === epilogue ? LAST_BITS : 1),
    });
    expect((await choose()).batch).toEqual([1, 4, 8, 16]);
  });

  it.each([
    ['everything', () => NaN],
    ['the plainest matvec', ({ shader }: { shader: string }) => (shader === 'matvec_rows' ? 1.01 : 1)],
    [
      'the plainest norm',
      ({ shader, constants }: Parameters<NonNullable<Posed['factor']>>[0]) =>
        shader === 'matvec_rows' && constants['NORM'] === 1 ? 1.01 : 1,
    ],
    ['every tile of prompts', ({ shader }: { shader: string }) => (shader === 'matmul' ? 1.01 : 1)],
  ])('refuses an adapter that computes %s wrongly, and remembers nothing', async (_what, factor) => {
    const { adapter, cache, choose } = setUp({ factor });
    await expect(choose()).rejects.toMatchObject({
      code: 'missing-feature',
      message: expect.stringMatching(/\(posing\) computes wrongly.*Update the graphics driver/),
    });
    expect([adapter.base.allocatedBytes(), adapter.prepared.length, cache.entries.size]).toEqual([0, 0, 0]);
  });

  it('leaves out a width in which queries alone have other bits', async () => {
    const { choose } = setUp({
      factor: ({ kernel, constants }) => (kernel === 'qkv' && constants.BATCH === 8 ? NaN : 1),
    });
    expect((await choose()).batch).toEqual([1, 2, 4, 16]);
  });

  it.each(['lanes', 'subgroup'])('holds rows that %s norms against the CPU', async (variant) => {
    const ms = { [`matvec_${variant}`]: 1 };
    const right = setUp({ ms });
    expect((await right.choose()).matvec).toBe(variant);
    const factor: Posed['factor'] = ({ shader, constants }) =>
      shader === `matvec_${variant}` && constants.NORM === 1 ? 1.001 : 1;
    const { choose } = setUp({ ms, factor });
    const { matvec, notes } = await choose();
    expect(matvec).toBe('rows');
    expect(notes).toEqual([expect.stringContaining(`matvec_${variant}`)]);
  });

  it.each([
    ['stored', 'matvec', 0],
    ['gated', 'matvec', 2],
    ['made queries', 'qkv', undefined],
  ])('leaves out a width in which normed rows that are %s alone have other bits', async (_how, kernel, epilogue) => {
    const { choose } = setUp({
      ms: LANES_FIRST,
      factor: ({ kernel: ran, constants: { BATCH, NORM, EPILOGUE } }) =>
        ran === kernel && BATCH === 4 && NORM === 1 && EPILOGUE === epilogue ? LAST_BITS : 1,
    });
    expect(await choose()).toMatchObject({ matvec: 'lanes', batch: [1, 2, 8, 16] });
  });

  it('remembers choice, widths and notes for this adapter, build and format', async () => {
    const { adapter, cache, choose } = setUp({ factor: ({ constants }) => (constants.BATCH === 4 ? LAST_BITS : 1) });
    const first = await choose();
    expect(first.notes).toHaveLength(1);
    expect([...cache.entries]).toEqual([[KEY, first]]);
    const before = adapter.submits.length;
    expect(await choose()).toEqual(first);
    expect(adapter.submits).toHaveLength(before);
    await choose({}, Q8_0);
    expect(adapter.submits.length).toBeGreaterThan(before);
    expect(cache.entries.size).toBe(2);
  });

  it.each([
    ['before there was a self-test', {}],
    ['before it was one of the widths of prompts too', { rounded: null, batch: [1], notes: [] }],
  ])('does not trust what was kept %s', async (_when, kept) => {
    const { cache, choose } = setUp({ factor: ({ shader }) => (shader === 'matvec_lanes' ? 1.001 : 1) });
    cache.entries.set(KEY, { matvec: 'lanes', ...kept });
    const chosen = await choose();
    expect(chosen.matvec).toBe('rows');
    expect(cache.entries.get(KEY)).toEqual(chosen);
  });
});

describe('forced variants', () => {
  it('are taken as they are, with nothing run', async () => {
    const { adapter, cache, choose } = setUp({ factor: () => NaN });
    const forced = { matvec: 'lanes' };
    expect(await choose(forced)).toEqual({ ...forced, rounded: null, batch: BATCH_WIDTHS, chunks: CHUNKS, notes: [] });
    expect([adapter.submits.length, cache.entries.size]).toEqual([0, 0]);
  });

  it('do not become what is remembered, and run in every width; prompts, which they say nothing of, in the right ones', async () => {
    const factor: Posed['factor'] = ({ constants: { BATCH, TOKENS } }) =>
      BATCH === 8 || TOKENS === 256 ? LAST_BITS : 1;
    const { cache, choose } = setUp({ factor });
    const rounded = { variant: 'int8-lanes', formats: ['Q4_1'] };
    const [batch, chunks] = [
      [1, 2, 4, 16],
      [64, 512],
    ];
    const forced = await choose({ int8: 'int8-lanes' }, Q4_1, 16, [Q4_1]);
    expect(forced).toMatchObject({ rounded, batch: BATCH_WIDTHS, chunks });
    expect([...cache.entries.values()]).toMatchObject([{ matvec: 'rows', rounded: null, batch, chunks }]);
    expect(await choose({ matvec: 'lanes' })).toMatchObject({ matvec: 'lanes', batch: BATCH_WIDTHS });
    expect(await choose()).toMatchObject({ matvec: 'rows', batch });
  });

  it.each([
    [{ matvec: 'fast' }, 'debug.variants.matvec', '"fast" is not one of rows, lanes'],
    [{ matvec: 'subgroup' }, 'debug.variants.matvec', '"subgroup" is not one of rows, lanes'],
    [{ matvec: '' }, 'debug.variants.matvec', '"" is not one of rows, lanes'],
    [{ matmul: 'tile' }, 'debug.variants.matmul', 'only matvec, int8 and f16 have variants'],
  ])('are refused by name: %j', async (forced, param, words) => {
    const { choose } = setUp({ subgroups: false });
    await expect(choose(forced)).rejects.toMatchObject({
      code: 'invalid-request',
      param,
      message: expect.stringContaining(words),
    });
  });

  it('need no measuring on the reference device, nor do others', async () => {
    const device = createReferenceDevice();
    const options = { clock: new PosingAdapter().clock, cache: memoryCache(), maxRows: 16, fastFormats: null };
    const choose = (forced: Readonly<Record<string, string>>) => chooseVariants(device, Q4_1, { ...options, forced });
    expect(await choose({})).toMatchObject({ matvec: 'rows', chunks: CHUNKS });
    expect(await choose({ matvec: 'lanes' })).toMatchObject({ matvec: 'lanes' });
    expect(device.counters().submits).toBe(0);
  });
});

describe('precision "fast"', () => {
  /** Were they right. */
  const BYTES_FIRST = { matvec_int8: 1, matvec_lanes: 2 };

  it('takes the shape that rounds to bytes where it is the fastest, for the formats that have bytes, and says so', async () => {
    const { fast } = setUp({ ms: BYTES_FIRST });
    const { matvec, rounded, notes } = await fast([Q4_1, F16, Q6_K]);
    expect([matvec, rounded]).toEqual(['lanes', { variant: 'int8-rows', formats: ['Q4_1', 'Q6_K'] }]);
    expect(notes).toEqual([expect.stringMatching(/rounded to 8 bits where they meet weights in Q4_1, Q6_K/)]);
  });

  it('is never taken unless asked for', async () => {
    const { adapter, choose } = setUp({ ms: BYTES_FIRST });
    expect((await choose()).rounded).toBe(null);
    expect(adapter.ran(() => true).filter(({ shader }) => shader.endsWith('int8'))).toEqual([]);
  });

  it.each([
    ['exact kernels are faster', { ms: { matvec_int8: 11 } }, [Q4_1], Q4_1],
    ['exact kernels are as fast', { ms: { matvec_int8: 10 } }, [Q4_1], Q4_1],
    [
      'its sums are wrong',
      { ms: BYTES_FIRST, factor: ({ shader }) => (shader === 'matvec_int8' ? 1.01 : 1) },
      [Q4_1],
      Q4_1,
    ],
    ['most of the file has no bytes', { ms: BYTES_FIRST }, [F16, Q4_1], F16],
  ] as const satisfies readonly (readonly [string, Posed, readonly QuantFormat[], QuantFormat])[])(
    'stays exact where %s, and says so',
    async (_why, posed, formats, format) => {
      const { rounded, notes } = await setUp(posed).fast(formats, format);
      expect(rounded).toBe(null);
      expect(notes).toEqual([expect.stringContaining('changes nothing here')]);
    },
  );

  it('leaves out a format whose sums alone are wrong', async () => {
    const factor: Posed['factor'] = ({ shader, modules }) =>
      shader === 'matvec_int8' && modules.quant === 'q6_k' ? 1.01 : 1;
    const { rounded } = await setUp({ ms: BYTES_FIRST, factor }).fast([Q4_1, Q6_K]);
    expect(rounded?.formats).toEqual(['Q4_1']);
  });

  it('leaves out a batch width in which bytes alone have other bits', async () => {
    const factor: Posed['factor'] = ({ shader, constants }) =>
      shader === 'matvec_int8' && constants.BATCH === 4 ? LAST_BITS : 1;
    expect((await setUp({ ms: BYTES_FIRST, factor }).fast([Q4_1])).batch).toEqual([1, 2, 8, 16]);
  });

  it('leaves out a batch width in which exact rows alone have other bits', async () => {
    const factor: Posed['factor'] = ({ shader, constants }) =>
      shader === 'matvec_lanes' && constants.BATCH === 8 ? LAST_BITS : 1;
    expect((await setUp({ ms: BYTES_FIRST, factor }).fast([Q4_1])).batch).toEqual([1, 2, 4, 16]);
  });

  it('does not exist where the browser multiplies no packed bytes: nothing runs, nor can be forced', async () => {
    const { adapter, choose, fast } = setUp({ ms: BYTES_FIRST, packedDot: false, shaderF16: true });
    const { rounded, notes } = await fast([Q4_1]);
    expect([rounded, notes]).toEqual([null, [expect.stringContaining('changes nothing here')]]);
    expect(adapter.ran(() => true).filter(({ shader }) => /int8|f16/.test(shader))).toEqual([]);
    const forced = choose({ int8: 'int8-rows' }, Q4_1, 16, [Q4_1]);
    await expect(forced).rejects.toMatchObject({ param: 'debug.variants.int8' });
  });

  it('keeps its choice apart from the exact one', async () => {
    const { cache, choose, fast } = setUp({ ms: BYTES_FIRST });
    await fast([Q4_1]);
    expect((await choose()).rounded).toBe(null);
    expect((await fast([Q4_1])).rounded).not.toBe(null);
    expect([...cache.entries.keys()]).toEqual([`${KEY.replace('exact', 'fast Q4_1')}`, KEY]);
  });

  it('can be forced, where there are bytes', async () => {
    const { choose } = setUp();
    const forced = { matvec: 'rows', int8: 'int8-lanes' };
    expect((await choose(forced, Q4_1, 16, [Q4_1])).rounded).toEqual({ variant: 'int8-lanes', formats: ['Q4_1'] });
    await expect(choose(forced)).rejects.toMatchObject({ param: 'debug.variants.int8' });
  });
});

describe('halves, with precision "fast"', () => {
  /** Were they right. */
  const ms = { matvec_f16: 1, matvec_int8: 2, matvec_lanes: 3 };
  const isHalf = ({ shader }: { readonly shader: string }): boolean => shader.endsWith('_f16');

  it('are taken where they are the fastest, and said', async () => {
    const { rounded, notes } = await setUp({ ms, shaderF16: true }).fast([Q4_1, F16]);
    expect(rounded).toEqual({ variant: 'f16-rows', formats: ['Q4_1'] });
    expect(notes).toEqual([expect.stringMatching(/rounded to half precision where they meet weights in Q4_1,/)]);
  });

  it('do not exist where the adapter has no shader-f16: nothing runs, nor can be forced', async () => {
    const { adapter, choose, fast } = setUp({ ms });
    expect((await fast([Q4_1])).rounded?.variant).toBe('int8-rows');
    expect(adapter.ran(() => true).filter(isHalf)).toEqual([]);
    await expect(choose({ f16: 'f16-lanes' }, Q4_1, 16, [Q4_1])).rejects.toMatchObject({
      code: 'invalid-request',
      param: 'debug.variants.f16',
    });
  });

  it('are not measured where their sums are wrong, whatever they would take', async () => {
    const factor: Posed['factor'] = (dispatch) => (isHalf(dispatch) ? 1.01 : 1);
    const { adapter, fast } = setUp({ ms, factor, shaderF16: true });
    expect((await fast([Q4_1])).rounded?.variant).toBe('int8-rows');
    expect(adapter.ran((label) => label === 'probe').filter(isHalf)).toEqual([]);
  });

  it('can be forced where there are any, and win over bytes', async () => {
    const forced = { matvec: 'rows', int8: 'int8-lanes', f16: 'f16-lanes' };
    const { rounded } = await setUp({ shaderF16: true }).choose(forced, Q4_1, 16, [Q4_1]);
    expect(rounded).toEqual({ variant: 'f16-lanes', formats: ['Q4_1'] });
  });
});
