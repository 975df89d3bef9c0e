import { describe, expect, it } from 'vitest';
import { withOverrides } from '../../test/support/load-zoo';
import { RecordingDevice } from '../../test/support/recording-device';
import { TINY, tinyFile, type TinyOptions } from '../../test/support/tiny-llama';
import { allocateModel, type ModelOptions } from './allocate-model';
import type { PreparedModel } from './executor';
import { describeNetwork } from './registry';

/** More than one slice of the first pass of `argmax`, as vocabularies have. */
const VOCABULARY = 1100;
const BEHIND = ['attention', 'matvec', 'rmsnorm', 'matvec', 'matvec'];
const LAYER = ['rmsnorm', 'qkv', ...BEHIND];

interface Options extends Partial<ModelOptions> {
  readonly maxBindingBytes?: number;
}

async function prepare(tiny: TinyOptions, { maxBindingBytes, ...options }: Options): Promise<PreparedModel> {
  const { hidden } = TINY;
  const vocabulary = { 'token_embd.weight': [hidden, VOCABULARY], 'output.weight': [hidden, VOCABULARY] };
  const file = tinyFile({ ...tiny, shapes: { ...vocabulary, ...tiny.shapes } });
  const recorder = new RecordingDevice();
  const limits = { ...recorder.limits, maxBindingBytes: maxBindingBytes ?? recorder.limits.maxBindingBytes };
  return await allocateModel(withOverrides(recorder, { limits }), file, describeNetwork(file), {
    kvType: 'f16',
    maxConcurrent: 2,
    variants: { matvec: 'rows', matmul: 'rows' },
    ...options,
  }).prepared;
}

/** The kernels of a step that decodes one token of each row, of every batch width. */
async function decodeKernels(tiny: TinyOptions = {}, options: Options = {}): Promise<string[][]> {
  const { decode, head, argmax } = (await prepare(tiny, options)).plans;
  const last = head[0]?.plan.dispatches ?? [];
  return decode.map(({ plan }) => [...plan.dispatches, ...last, ...argmax.dispatches].map(({ kernel }) => kernel));
}

describe('a decode step of a llama', () => {
  it('takes seven dispatches a layer and four: the first norm comes with the embedding, RoPE with Q, K and V', async () => {
    const ends = ['rmsnorm', 'matvec', 'argmax', 'argmax'];
    const [first, ...others] = await decodeKernels();
    expect(first).toEqual(['embed_norm', ...LAYER.slice(1), ...LAYER, ...ends]);
    expect(first).toHaveLength(7 * TINY.layers + 4);
    expect(others).toHaveLength(1);
    for (const kernels of others) expect(kernels).toEqual(first);
  });

  it('embeds and norms one after the other where no buffer holds the embedding', async () => {
    const [kernels] = await decodeKernels({}, { maxBindingBytes: (VOCABULARY / 2) * TINY.hidden * 4 });
    expect(kernels?.slice(0, 4)).toEqual(['embed', 'embed', 'rmsnorm', 'qkv']);
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
    const [kernels] = await decodeKernels({ metadata: wide, shapes }, { kvType: 'q8_0' });
    expect(kernels?.slice(1, 3)).toEqual(['matvec', 'rope_kv']);
  });

  it('and where Q, K and V have formats of their own', async () => {
    const [kernels] = await decodeKernels({ types: { 'blk.0.attn_v.weight': 'Q8_0' } });
    expect(kernels?.slice(1, 5)).toEqual(['matvec', 'matvec', 'matvec', 'rope_kv']);
    expect(kernels).toContain('qkv'); // of the layer after
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

  it('never in a prompt, whose kernels have no epilogue', async () => {
    const { dispatches } = (await prepare({}, {})).plans.prefill;
    expect(dispatches.slice(0, 3).map(({ kernel }) => kernel)).toEqual(['embed_norm', 'matmul', 'rope_kv']);
  });
});
