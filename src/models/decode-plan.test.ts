import { describe, expect, it } from 'vitest';
import { withOverrides } from '../../test/support/load-zoo';
import { RecordingDevice } from '../../test/support/recording-device';
import { sparseLlama } from '../../test/support/sparse-llama';
import { TINY, tinyFile, tinyShapes, type TinyOptions } from '../../test/support/tiny-llama';
import type { DeviceBuffer } from '../device/device';
import { gridOf, type Dispatch } from '../device/plan';
import { readGgufHeader } from '../gguf/read-header';
import type { GgufFile } from '../gguf/types';
import { attendedBytes, ONE_RANGE } from '../kernels/attention';
import { MATVEC_VARIANTS, type RoundedVariant } from '../kernels/matvec';
import { allocateModel, type ModelOptions } from './allocate-model';
import type { PreparedModel } from './executor';
import { describeNetwork } from './registry';

/** More than one slice of the first pass of `argmax`, as vocabularies have. */
const VOCABULARY = 1100;
const LAYER = ['qkv', 'attention', 'matvec', 'matvec', 'matvec'];
const ARGMAX = ['argmax', 'argmax'];

interface Options extends Partial<ModelOptions> {
  readonly maxBindingBytes?: number;
  readonly isSoftware?: boolean;
  /** Instead of the tiny model. */
  readonly file?: GgufFile;
  /** Told of each buffer that is asked for. */
  readonly onBuffer?: (label: string, sizeBytes: number) => void;
}

function fileOf(tiny: TinyOptions): GgufFile {
  const { hidden } = TINY;
  const vocabulary = { 'token_embd.weight': [hidden, VOCABULARY], 'output.weight': [hidden, VOCABULARY] };
  return tinyFile({ ...tiny, shapes: { ...vocabulary, ...tiny.shapes } });
}

async function prepare(
  tiny: TinyOptions,
  { maxBindingBytes = 2 ** 33, isSoftware = false, file = fileOf(tiny), onBuffer, ...options }: Options,
): Promise<PreparedModel> {
  const recorder = new RecordingDevice();
  const limits = { ...recorder.limits, maxBufferBytes: 2 ** 33, maxBindingBytes };
  // Nothing runs, so that no buffer need have its size.
  const createBuffer = (label: string, sizeBytes: number): DeviceBuffer => {
    onBuffer?.(label, sizeBytes);
    return recorder.createBuffer(label, 4);
  };
  return await allocateModel(
    withOverrides(recorder, { limits, createBuffer, isSoftware }),
    file,
    describeNetwork(file),
    {
      kvType: 'f16',
      maxConcurrent: 2,
      variants: { matvec: 'rows' },
      ...options,
    },
  ).prepared;
}

/** A step that decodes one token of each row, of every batch width. */
async function decodeSteps(tiny: TinyOptions = {}, options: Options = {}): Promise<Dispatch[][]> {
  const { decode, head, argmax } = (await prepare(tiny, options)).plans;
  const last = head[0]?.plan.dispatches ?? [];
  return decode.map(({ plan }) => [...plan.dispatches, ...last, ...argmax.dispatches]);
}

const kernels = (dispatches: readonly Dispatch[] | undefined): string[] =>
  (dispatches ?? []).map(({ kernel }) => kernel);

/** The kernels of such steps. */
async function decodeKernels(tiny: TinyOptions = {}, options: Options = {}): Promise<string[][]> {
  return (await decodeSteps(tiny, options)).map(kernels);
}

const LANES: Options = { variants: { matvec: 'lanes' } };

const MATRICES = Object.keys(tinyShapes()).filter((name) => !name.includes('norm'));

/** `precision: 'fast'`, as the probe may choose it on a software adapter. */
const roundedBy = (variant: RoundedVariant, ...formats: string[]): Options => ({
  variants: { matvec: 'rows', rounded: { variant, formats } },
});

describe('a decode step of a llama', () => {
  it.each(MATVEC_VARIANTS)(
    'takes five dispatches a layer and four, norms come with what reads them, RoPE with Q, K and V: %s',
    async (matvec) => {
      const [first, ...others] = await decodeSteps({}, { variants: { matvec } });
      expect(kernels(first)).toEqual(['embed', ...LAYER, ...LAYER, 'matvec', ...ARGMAX]);
      expect(first).toHaveLength(5 * TINY.layers + 4);
      // Q, K and V, gate and up, and the head read normed rows; the output projection and down do not.
      const normed = [undefined, ...[1, undefined, 0, 1, 0], ...[1, undefined, 0, 1, 0], 1, undefined, undefined];
      expect(first?.map(({ constants }) => constants['NORM'])).toEqual(normed);
      expect(others).toHaveLength(1);
      for (const other of others) expect(kernels(other)).toEqual(kernels(first));
    },
  );

  it.each(['int8', 'f16'] as const)(
    'takes five and four too where x is rounded, by the shapes for it: %s',
    async (form) => {
      const types = Object.fromEntries(MATRICES.map((name) => [name, 'Q8_0' as const]));
      const [first] = await decodeSteps({ types }, roundedBy(`${form}-rows`, 'Q8_0'));
      expect(kernels(first)).toEqual(['embed', ...LAYER, ...LAYER, 'matvec', ...ARGMAX]);
      const shaders = new Set(first?.map(({ shader }) => shader).filter((shader) => /^(qkv|matvec)/.test(shader)));
      expect([...shaders]).toEqual([`qkv_${form}`, `matvec_${form}`]);
    },
  );

  it('leaves to exact shapes what has no bytes', async () => {
    const types = Object.fromEntries(
      MATRICES.filter((name) => !/blk.1.ffn/.test(name)).map((name) => [name, 'Q8_0' as const]),
    );
    const [first] = await decodeSteps({ types }, roundedBy('int8-rows', 'Q8_0'));
    expect(kernels(first)).toEqual(['embed', ...LAYER, ...LAYER, 'matvec', ...ARGMAX]);
    expect(first?.slice(6, 11).map(({ shader }) => shader)).toEqual([
      ...['qkv_int8', 'attention', 'matvec_int8', 'matvec_rows', 'matvec_rows'],
    ]);
  });

  it('norms as often as there are readers', async () => {
    const types = { 'blk.0.attn_v.weight': 'Q8_0', 'blk.0.ffn_up.weight': 'Q8_0' } as const;
    const [first] = await decodeSteps({ types }, LANES);
    const layer = ['matvec', 'matvec', 'matvec', 'rope_kv', 'attention', 'matvec', 'matvec', 'matvec', 'glu', 'matvec'];
    expect(kernels(first)).toEqual(['embed', ...layer, ...LAYER, 'matvec', ...ARGMAX]);
    expect(first?.slice(1, 9).map(({ constants }) => constants['NORM'])).toEqual([
      ...[1, 1, 1, undefined],
      ...[undefined, 0, 1, 1],
    ]);
  });

  it('gives a vocabulary larger than lanes reach to another shape, which norms outputs too', async () => {
    const sparse = sparseLlama(524_281, []);
    const { file } = await readGgufHeader(sparse.stream(), sparse.sizeBytes);
    const [first] = await decodeSteps({}, { ...LANES, file });
    expect(kernels(first)).toEqual(['embed', ...LAYER, 'matvec', ...ARGMAX]);
    expect(first?.at(-3)).toMatchObject({ shader: 'matvec_rows', constants: { NORM: 1 } });
  });

  it('embeds and norms one after the other where no buffer holds the embedding', async () => {
    const { prefill, decode } = (await prepare({}, { maxBindingBytes: (VOCABULARY / 2) * TINY.hidden * 4 })).plans;
    expect(kernels(prefill[0]?.plan.dispatches).slice(0, 4)).toEqual(['embed', 'embed', 'rmsnorm', 'matmul']);
    expect(kernels(decode[0]?.plan.dispatches).slice(0, 3)).toEqual(['embed', 'embed', 'qkv']);
  });

  it('rotates and stores by itself where elements of the cache share a scale', async () => {
    const wide = { 'llama.attention.key_length': 32, 'llama.attention.value_length': 32 };
    const shapes = Object.fromEntries(
      [0, 1].flatMap((i) => [
        [`blk.${i}.attn_q.weight`, [TINY.hidden, TINY.heads * 32]],
        [`blk.${i}.attn_k.weight`, [TINY.hidden, TINY.kvHeads * 32]],
        [`blk.${i}.attn_v.weight`, [TINY.hidden, TINY.kvHeads * 32]],
        [`blk.${i}.attn_output.weight`, [TINY.heads * 32, TINY.hidden]],
      ]),
    );
    const [first] = await decodeKernels({ metadata: wide, shapes }, { kvType: 'q8_0' });
    expect(first?.slice(1, 3)).toEqual(['matvec', 'rope_kv']);
  });

  it('and where Q, K and V have formats of their own', async () => {
    const [first] = await decodeKernels({ types: { 'blk.0.attn_v.weight': 'Q8_0' } });
    expect(first?.slice(1, 5)).toEqual(['matvec', 'matvec', 'matvec', 'rope_kv']);
    expect(first).toContain('qkv'); // of the layer after
  });

  it('and where something stands between, or pairs are halves', async () => {
    const biases = Object.fromEntries(
      ['q', 'k', 'v'].flatMap((part, i) =>
        [0, 1].map((layer) => [`blk.${layer}.attn_${part}.bias`, [16 * (i === 0 ? TINY.heads : TINY.kvHeads)]]),
      ),
    );
    const [biased] = await decodeKernels({ shapes: biases });
    expect(biased?.slice(1, 6)).toEqual(['matvec', 'add_bias', 'add_bias', 'add_bias', 'rope_kv']);
  });

  it.each(['rows', 'lanes'] as const)('never in a prompt, whose kernels have no epilogue: %s', async (matvec) => {
    const { prefill } = (await prepare({}, { variants: { matvec } })).plans;
    const blocks = ['rope_kv', 'attention', 'matmul', 'rmsnorm', 'matmul', 'glu', 'matmul'];
    for (const { plan } of prefill)
      expect(kernels(plan.dispatches)).toEqual(['embed_norm', 'matmul', ...blocks, 'rmsnorm', 'matmul', ...blocks]);
  });
});

describe('attention', () => {
  it.each([
    [false, 256],
    [true, 16],
  ])(
    'on a device that is software: %j, has %i threads a KV head, for prompts and generated rows',
    async (isSoftware, threads) => {
      const { prefill, decode } = (await prepare({}, { isSoftware })).plans;
      const plans = [...prefill, ...decode].map(({ plan }) => plan);
      const all = plans.flatMap(({ dispatches }) => dispatches.filter(({ kernel }) => kernel === 'attention'));
      expect(all.length).toBe(TINY.layers * plans.length);
      expect(new Set(all.map(({ constants }) => constants['THREADS']))).toEqual(new Set([threads]));
    },
  );
});

describe('a decode step over a long text', () => {
  const long = { metadata: { 'llama.context_length': 4096 } };
  const decodeStep = async (tiny: TinyOptions, options: Options = {}): Promise<Dispatch[] | undefined> =>
    (await decodeSteps(tiny, options))[0];
  const ofAttention = (dispatches: readonly Dispatch[] | undefined): Dispatch[] =>
    (dispatches ?? []).filter(({ kernel }) => kernel === 'attention');
  const kernelsIn = (dispatches: readonly Dispatch[] | undefined, ranges: number): string[] =>
    kernels(dispatches?.filter((dispatch) => gridOf(dispatch, { rows: 1, ranges }) !== null));

  it('takes six dispatches a layer and four on a GPU, one to join what workgroups found of a row’s ranges', async () => {
    const [first] = await decodeSteps(long);
    expect(kernelsIn(first, 3)).toEqual(['embed', ...LAYER, ...LAYER, 'matvec', ...ARGMAX]);
    const layer = LAYER.toSpliced(2, 0, 'attention_merge');
    expect(kernelsIn(first, 4)).toEqual(['embed', ...layer, ...layer, 'matvec', ...ARGMAX]);
    expect(kernelsIn(first, 4)).toHaveLength(6 * TINY.layers + 4);
  });

  const activationBytes = (rows: number): number => rows * TINY.heads * TINY.headSize * 4;

  it('has place for the parts of as many rows as a step decodes', async () => {
    const sizes = new Map<string, number>();
    await prepare(long, { onBuffer: (label, sizeBytes) => sizes.set(label, sizeBytes) });
    expect(sizes.get('attended')).toBe(attendedBytes({ rows: 16 }, TINY.heads, TINY.headSize));
  });

  it('shares nothing where the place for it is more than a binding', async () => {
    const [kept, most] = [activationBytes(64), attendedBytes({ rows: 64 }, TINY.heads, TINY.headSize)];
    expect(kept).toBeLessThan(most);
    for (const [maxBindingBytes, isShared] of [
      [most, true],
      [most - 1, false],
    ] as const) {
      const sizes = new Map<string, number>();
      const onBuffer = (label: string, sizeBytes: number) => sizes.set(label, sizeBytes);
      const [step] = await decodeSteps(long, { maxConcurrent: 64, chunkTokens: 64, maxBindingBytes, onBuffer });
      expect(kernels(step).includes('attention_merge')).toBe(isShared);
      expect(sizes.get('attended')).toBe(isShared ? most : kept);
    }
  });

  it('has no place for what nobody shares: on a software adapter, in prompts, where texts are short', async () => {
    const onSoftware = await decodeStep(long, { isSoftware: true });
    const short = await decodeStep({ metadata: { 'llama.context_length': 768 } });
    const prompt = (await prepare(long, {})).plans.prefill[0]?.plan.dispatches;
    for (const dispatches of [onSoftware, short, prompt]) {
      expect(kernels(dispatches)).not.toContain('attention_merge');
      expect(ofAttention(dispatches).map(({ grid }) => grid(1, 32)[2])).toEqual([1, 1]);
    }
    // Where workgroups may share sums they are joined everywhere, for the same bits.
    const ranges = (dispatches: readonly Dispatch[] | undefined): (number | undefined)[] =>
      ofAttention(dispatches).map(({ constants }) => constants['RANGE']);
    expect(ranges(onSoftware)).toEqual([ONE_RANGE, ONE_RANGE]);
    for (const dispatches of [short, prompt, await decodeStep(long)]) expect(ranges(dispatches)).toEqual([256, 256]);
  });
});
