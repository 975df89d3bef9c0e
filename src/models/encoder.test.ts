import { describe, expect, it } from 'vitest';
import { RecordingDevice } from '../../test/support/recording-device';
import { tinyBert } from '../../test/support/tiny-bert';
import { tinyFile } from '../../test/support/tiny-llama';
import { countersSince } from '../base/counters';
import type { Device } from '../device/device';
import type { Dispatch } from '../device/plan';
import type { GgufFile } from '../gguf/types';
import { allocateEmbedder } from './allocate-embedder';
import type { ModelOptions } from './allocate-model';
import { EmbeddingExecutor } from './embedding-executor';
import type { EncoderNetwork } from './encoder-network';
import { planEncoderWeights } from './encoder-weights';
import { describeEncoder, describeNetwork } from './registry';
import { unusedTensors } from './weight-plan';

function encoderOf(file: GgufFile): EncoderNetwork {
  const network = describeEncoder(file);
  if (network === null) throw new Error('an encoder');
  return network;
}

function unusedOf(file: GgufFile): readonly string[] {
  return unusedTensors(planEncoderWeights(encoderOf(file), file), file);
}

const refusal = (reason: string): unknown =>
  expect.objectContaining({ code: 'unsupported-architecture', message: expect.stringContaining(reason) });

describe('bert', () => {
  it('is described as the metadata has it', () => {
    const { layers, ...rest } = encoderOf(tinyBert());
    expect(rest).toEqual({
      kind: 'encoder',
      hiddenSize: 64,
      vocabularySize: 41,
      contextLength: 40,
      normEpsilon: expect.closeTo(1e-12, 18),
      embedding: 'token_embd.weight',
      positions: 'position_embd.weight',
      types: { name: 'token_types.weight', rows: 2 },
      embeddingNorm: { weight: 'token_embd_norm.weight', bias: 'token_embd_norm.bias' },
      rope: null,
      pooling: 'mean',
    });
    expect(layers).toHaveLength(2);
    expect(layers[1]).toMatchObject({
      attention: { heads: 4, kvHeads: 4, headSize: 16 },
      qkv: { columns: 64, biases: ['blk.1.attn_q.bias', 'blk.1.attn_k.bias', 'blk.1.attn_v.bias'] },
      inner: { matrix: [{ name: 'blk.1.ffn_up.weight', rows: 96 }], biases: ['blk.1.ffn_up.bias'] },
      isGated: false,
      activation: 'gelu',
      down: { columns: 96 },
    });
  });

  it('reads every tensor of its files, with and without biases, types and fused queries', () => {
    expect(unusedOf(tinyBert())).toEqual([]);
    const none = {
      'blk.0.ffn_up.bias': undefined,
      'blk.1.attn_output.bias': undefined,
      'token_types.weight': undefined,
    };
    expect(unusedOf(tinyBert({}, none))).toEqual([]);
    const parts = ['attn_q', 'attn_k', 'attn_v'].flatMap((name) => [`blk.0.${name}.weight`, `blk.0.${name}.bias`]);
    const fused = {
      ...Object.fromEntries(parts.map((name) => [name, undefined])),
      'blk.0.attn_qkv.weight': [64, 192],
      'blk.0.attn_qkv.bias': [192],
    };
    expect(unusedOf(tinyBert({}, fused))).toEqual([]);
  });

  it('leaves over what it would not read', () => {
    expect(unusedOf(tinyBert({}, { 'blk.0.attn_q.bias': undefined }))).toEqual([
      'blk.0.attn_k.bias',
      'blk.0.attn_v.bias',
    ]);
    expect(unusedOf(tinyBert({}, { 'cls.weight': [64, 64] }))).toEqual(['cls.weight']);
  });

  it.each([
    [1, 'mean'],
    [2, 'first'],
    [3, 'last'],
  ])('pools by type %i', (type, pooling) => {
    expect(encoderOf(tinyBert({ 'bert.pooling_type': type })).pooling).toBe(pooling);
  });

  it.each([
    [{ 'bert.pooling_type': 0 }, 'no pooling'],
    [{ 'bert.pooling_type': undefined }, 'no pooling'],
    [{ 'bert.pooling_type': 4 }, 'pooling by rank'],
    [{ 'bert.pooling_type': 9 }, 'pooling of type 9'],
    [{ 'bert.attention.causal': true }, 'causal attention in an encoder'],
    [{ 'bert.expert_count': 8 }, 'mixture of experts'],
  ])('is refused by name: %j', (keys, reason) => {
    expect(() => describeEncoder(tinyBert(keys))).toThrow(refusal(reason));
  });

  it('is refused where heads are of no size that the kernel takes', () => {
    const file = tinyBert({ 'bert.attention.head_count': 32 });
    expect(() => planEncoderWeights(encoderOf(file), file)).toThrow(refusal('heads of size 2'));
  });
});

describe('nomic-bert', () => {
  const rename = (keys: object): object =>
    Object.fromEntries(Object.entries(keys).map(([key, value]) => [key.replace('bert.', 'nomic-bert.'), value]));
  const nomic = (keys: object = {}): GgufFile => {
    const file = tinyBert();
    const metadata = new Map([...file.metadata].map(([key, value]) => [key.replace(/^bert/, 'nomic-bert'), value]));
    metadata.set('general.architecture', 'nomic-bert');
    for (const [key, value] of Object.entries(rename(keys))) metadata.set(key, value as number);
    return { ...file, metadata };
  };

  it('rotates halves, gates with SiLU and has no learned positions', () => {
    const network = encoderOf(nomic({ 'bert.rope.freq_base': 1000 }));
    expect(network.rope).toEqual({ pairs: 8, base: 1000, pairing: 'halves', scaling: { kind: 'none' } });
    expect(network.positions).toBeNull();
    expect(network.layers[0]).toMatchObject({
      isGated: true,
      activation: 'silu',
      inner: {
        matrix: [
          { name: 'blk.0.ffn_gate.weight', rows: 96 },
          { name: 'blk.0.ffn_up.weight', rows: 96 },
        ],
      },
    });
  });

  it.each([
    [{ 'bert.rope.dimension_count': 20 }, 'RoPE over 20 of 16'],
    [{ 'bert.rope.dimension_count': 6 }, 'RoPE over 6 of 16'],
    [{ 'bert.expert_count': 8 }, 'mixture of experts'],
  ])('is refused by name: %j', (keys, reason) => {
    expect(() => describeEncoder(nomic(keys))).toThrow(refusal(reason));
  });

  it('with experts is another architecture, which is named', () => {
    const file = nomic();
    const metadata = new Map([...file.metadata, ['general.architecture', 'nomic-bert-moe']] as const);
    expect(describeEncoder({ ...file, metadata })).toBeNull();
    expect(() => describeNetwork({ ...file, metadata })).toThrow(refusal('The architecture "nomic-bert-moe"'));
  });
});

describe('a decoder', () => {
  const llama = (metadata: Readonly<Record<string, number | boolean>>): GgufFile => tinyFile({ metadata });

  it('pools the last token where the file says so, and reads no head then', () => {
    expect(describeNetwork(llama({ 'llama.pooling_type': 3 }))).toMatchObject({
      pooling: 'last',
      head: 'token_embd.weight',
    });
    expect(describeNetwork(llama({ 'llama.pooling_type': 0 }))).toMatchObject({ pooling: null, head: 'output.weight' });
  });

  it.each([
    [{ 'llama.pooling_type': 1 }, 'pooling by the mean in a decoder'],
    [{ 'llama.pooling_type': 2 }, 'pooling by the first in a decoder'],
    [{ 'llama.pooling_type': 4 }, 'pooling by rank'],
    [{ 'llama.attention.causal': false }, 'attention that is not causal in a decoder'],
  ])('is refused by name: %j', (metadata, reason) => {
    expect(() => describeNetwork(llama(metadata))).toThrow(refusal(reason));
  });
});

describe('allocateEmbedder', () => {
  const OPTIONS: ModelOptions = {
    kvType: 'f16',
    maxConcurrent: 4,
    chunkTokens: 7,
    variants: { matvec: 'rows' },
  };

  it('runs a text whole through an encoder, over the cache of one layer in f32', async () => {
    const device = new RecordingDevice();
    const file = tinyBert();
    const { prepared, notes } = allocateEmbedder(device, file, encoderOf(file), OPTIONS);
    const { limits, hiddenSize } = await prepared;
    expect(limits).toMatchObject({ contextLength: 40, maxChunkTokens: 40, totalBlocks: 3, maxSlots: 4 });
    expect(hiddenSize).toBe(64);
    expect(notes).toEqual([]);
    const caches = [...device.buffers].filter(({ label }) => label.startsWith('kv'));
    expect(caches.map(({ sizeBytes }) => sizeBytes)).toEqual([2 * 48 * 64 * 4]);
  });

  it.each([
    [false, 256],
    [true, 16],
  ])('on a device that is software: %j, attention has %i threads a KV head', async (isSoftware, threads) => {
    const device = Object.assign(new RecordingDevice(), { isSoftware });
    const file = tinyBert();
    const { plans } = await allocateEmbedder(device, file, encoderOf(file), OPTIONS).prepared;
    const all = plans.prefill.flatMap(({ plan }) => plan.dispatches.filter(({ kernel }) => kernel === 'attention'));
    expect(new Set(all.map(({ constants }) => constants['THREADS']))).toEqual(new Set([threads]));
  });

  it.each([
    ['the end of a text', 1, 1],
    ['the beginning of a text', 0, null],
    ['a text whose output is not its last row', 0, 0],
  ])('does not take %s alone', async (_what, from, output) => {
    const file = tinyBert();
    const { prepared } = allocateEmbedder(new RecordingDevice(), file, encoderOf(file), OPTIONS);
    const executor = new EmbeddingExecutor(await prepared);
    const rows = [from, from + 1].map((position) => ({ token: 3, position, slot: 0, blocks: [0] }));
    await expect(executor.run(rows, output)).rejects.toThrow('all rows of a text in one step');
    expect(await executor.run([{ token: 3, position: 0, slot: 0, blocks: [0] }], 0)).toHaveLength(64);
  });

  const BERT = tinyBert({ 'bert.context_length': 1100 }, { 'position_embd.weight': [64, 1100] });
  const DECODER = tinyFile({ metadata: { 'llama.pooling_type': 3, 'llama.context_length': 1100 } });
  const MODELS = {
    encoder: { file: BERT, network: encoderOf(BERT) },
    decoder: { file: DECODER, network: describeNetwork(DECODER) },
  };
  const all = (count: number) => {
    const blocks = Array.from({ length: 69 }, (_, i) => i);
    return Array.from({ length: count }, (_, position) => ({ token: 3, position, slot: 0, blocks }));
  };

  it.each([
    ['encoder', [64, 512], 1100],
    ['encoder', [16], 1100],
    ['decoder', [64, 256], 256],
    ['decoder', [16], 16],
  ] as const)(
    'reads the weights of its %s once for the narrowest tile that takes a text, else for each of the widest: %j',
    async (kind, chunks, longest) => {
      const device = new RecordingDevice();
      const { chunkTokens: _, ...options } = OPTIONS;
      const variants = { ...OPTIONS.variants, chunks };
      const { file, network } = MODELS[kind];
      const { prepared } = allocateEmbedder(device, file, network, { ...options, variants });
      const executor = new EmbeddingExecutor(await prepared);
      expect(executor.limits.maxChunkTokens).toBe(longest);
      const bytesOf = async (count: number): Promise<number> => {
        const before = device.counters();
        await executor.run(all(count), count - 1);
        return countersSince(device.counters(), before).weightBytesRead;
      };
      const weightBytes = await bytesOf(1);
      const widest = chunks[chunks.length - 1] ?? NaN;
      for (const count of [1, 16, 17, 64, 65, 256, 512, 513, 1100].filter((each) => each <= longest)) {
        expect(await bytesOf(count), `${count} tokens`).toBe(Math.ceil(count / widest) * weightBytes);
        const [step] = device.submits.at(-1)?.steps ?? [];
        const width = chunks.find((each) => each >= count) ?? widest;
        expect(step?.plan.label).toBe(`prefill.${width}`);
        const products = step?.plan.dispatches.filter(({ kernel }) => kernel === 'matmul');
        // The kernel of software adapters takes 16, whatever it is told.
        const tokensOf = ({ shader, constants }: Dispatch): unknown => (shader === 'matmul' ? constants['TOKENS'] : 16);
        expect(new Set(products?.map(tokensOf))).toEqual(new Set([width]));
      }
    },
  );

  it.each(['encoder', 'decoder'] as const)('runs every pipeline of its %s once where it is asked to', async (kind) => {
    const device = new RecordingDevice();
    const { chunkTokens: _, ...options } = OPTIONS;
    const { file, network } = MODELS[kind];
    const model = await allocateEmbedder(device, file, network, options).prepared;
    const { prefill, pool } = model.plans;
    const pipelineOf = ({ shader, modules, constants }: Dispatch): string =>
      JSON.stringify([shader, modules, constants]);
    const dispatches = [...prefill.map(({ plan }) => plan), pool].flatMap((plan) => plan.dispatches);
    const pipelines = new Set(dispatches.map(pipelineOf));
    const plans = device.plans.size;
    await new EmbeddingExecutor(model).runEveryPipeline({ token: 3, position: 0, slot: 0, blocks: [0] });
    const [step, ...more] = device.submits.at(-1)?.steps ?? [];
    expect([step?.rows, more]).toEqual([1, []]);
    expect(prefill).toHaveLength(3);
    expect(step?.plan.dispatches.map(pipelineOf).toSorted()).toEqual([...pipelines].toSorted());
    expect(device.plans.size).toBe(plans);
  });

  it('has rows of activations up to the next multiple of sixteen, which matmul reads', async () => {
    const device = new RecordingDevice();
    allocateEmbedder(device, BERT, encoderOf(BERT), OPTIONS);
    const sizes = ['x', 'attended', 'inner'].map((name) => [...device.buffers].find(({ label }) => label === name));
    for (const buffer of sizes) expect((buffer?.sizeBytes ?? NaN) % (1104 * 4)).toBe(0);
  });

  it('takes as long texts as one buffer holds, and says so', async () => {
    const device = new RecordingDevice();
    const limits = { ...device.limits, maxBindingBytes: 2 * (2 * 16 * 64 * 4) }; // two blocks
    const file = tinyBert();
    const { prepared, notes } = allocateEmbedder(
      Object.assign(Object.create(device) as Device, { limits }),
      file,
      encoderOf(file),
      OPTIONS,
    );
    expect((await prepared).limits).toMatchObject({ contextLength: 32, totalBlocks: 2 });
    expect(notes).toEqual([expect.stringContaining('cut from 40 to 32 tokens')]);
  });

  it('takes texts of 2,048 tokens unless more are asked for, and says so', async () => {
    const keys = { 'bert.context_length': 8192 };
    const file = tinyBert(keys, { 'position_embd.weight': [64, 8192] });
    const cut = allocateEmbedder(new RecordingDevice(), file, encoderOf(file), OPTIONS);
    expect((await cut.prepared).limits.contextLength).toBe(2048);
    expect(cut.notes).toEqual([expect.stringMatching(/2048 tokens, of the 8192/)]);
    const whole = allocateEmbedder(new RecordingDevice(), file, encoderOf(file), { ...OPTIONS, contextLength: 8192 });
    expect((await whole.prepared).limits).toMatchObject({ contextLength: 8192, maxChunkTokens: 8192 });
    expect(whole.notes).toEqual([]);
    expect(() =>
      allocateEmbedder(new RecordingDevice(), file, encoderOf(file), { ...OPTIONS, contextLength: 8193 }),
    ).toThrow(expect.objectContaining({ code: 'invalid-request', param: 'contextLength' }));
  });

  it('runs a decoder in chunks, without logits', async () => {
    const device = new RecordingDevice();
    const file = tinyFile({ metadata: { 'llama.pooling_type': 3 } });
    const { prepared } = allocateEmbedder(device, file, describeNetwork(file), OPTIONS);
    const { limits, plans } = await prepared;
    expect(limits.maxChunkTokens).toBe(7);
    expect(plans.pool.dispatches.map(({ kernel }) => kernel)).toEqual(['rmsnorm']);
    expect([...device.buffers].map(({ label }) => label)).not.toContain('output.weight');
  });
});
