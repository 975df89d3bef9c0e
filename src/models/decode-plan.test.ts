import { describe, expect, it } from 'vitest';
import { withOverrides } from '../../test/support/load-zoo';
import { RecordingDevice } from '../../test/support/recording-device';
import { TINY, tinyFile, type TinyOptions } from '../../test/support/tiny-llama';
import { allocateModel, type ModelOptions } from './allocate-model';
import type { PreparedModel } from './executor';
import { describeNetwork } from './registry';

/** More than one slice of the first pass of `argmax`, as vocabularies have. */
const VOCABULARY = 1100;
const LAYER = ['rmsnorm', 'matvec', 'rope_kv', 'attention', 'matvec', 'rmsnorm', 'matvec', 'matvec'];

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
  it('takes eight dispatches a layer and four: the first norm comes with the embedding', async () => {
    const ends = ['rmsnorm', 'matvec', 'argmax', 'argmax'];
    const [first, ...others] = await decodeKernels();
    expect(first).toEqual(['embed_norm', ...LAYER.slice(1), ...LAYER, ...ends]);
    expect(first).toHaveLength(8 * TINY.layers + 4);
    expect(others).toHaveLength(4);
    for (const kernels of others) expect(kernels).toEqual(first);
  });

  it('embeds and norms one after the other where no buffer holds the embedding', async () => {
    const [kernels] = await decodeKernels({}, { maxBindingBytes: (VOCABULARY / 2) * TINY.hidden * 4 });
    expect(kernels?.slice(0, 4)).toEqual(['embed', 'embed', 'rmsnorm', 'matvec']);
  });
});
