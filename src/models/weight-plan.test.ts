import { describe, expect, it } from 'vitest';
import { TINY, tinyFile, tinyShapes, type TinyOptions } from '../../test/support/tiny-llama';
import type { GgmlType } from '../gguf/ggml-type';
import { QUANT_FORMATS } from '../quant/registry';
import type { AttentionBlock } from './network';
import { describeNetwork } from './registry';
import { allWeights, planWeights, type WeightPlan } from './weight-plan';

/** `rows`: of each part of Q, K and V, where that is not the file's. */
function plan(
  options: TinyOptions = {},
  attention: Partial<AttentionBlock> = {},
  rows: number | null = null,
): WeightPlan {
  const file = tinyFile(options);
  const network = describeNetwork(file);
  const layers = network.layers.map((layer) => ({
    ...layer,
    attention: {
      ...layer.attention,
      qkv: layer.attention.qkv.map((part) => ({ ...part, rows: rows ?? part.rows })),
      ...attention,
    },
  }));
  return planWeights({ ...network, layers }, file);
}

function names(matrices: readonly { readonly name: string }[] | undefined): string[] | undefined {
  return matrices?.map((matrix) => matrix.name);
}

const QKV = ['blk.0.attn_q.weight', 'blk.0.attn_k.weight', 'blk.0.attn_v.weight'];
const GATE_UP = ['blk.0.ffn_gate.weight', 'blk.0.ffn_up.weight'];

function typed(type: GgmlType, ...tensors: readonly string[]): TinyOptions {
  return { types: Object.fromEntries(tensors.map((name) => [name, type])) };
}

describe('planWeights', () => {
  it('gives every tensor its place', () => {
    const { embedding, head, outputNorm, layers } = plan();
    expect([embedding.rows, embedding.columns]).toEqual([TINY.vocabulary, TINY.hidden]);
    expect([head.rows, head.columns, head.name]).toEqual([TINY.vocabulary, TINY.hidden, 'output.weight']);
    expect(outputNorm).toMatchObject({ length: TINY.hidden, tensor: { name: 'output_norm.weight' } });
    expect(layers).toHaveLength(2);
    const [layer] = layers;
    expect(layer?.output).toMatchObject({ rows: TINY.hidden, columns: TINY.heads * TINY.headSize });
    expect(layer?.down).toMatchObject({ rows: TINY.hidden, columns: TINY.size });
    expect(layer?.attentionNorm?.tensor.name).toBe('blk.0.attn_norm.weight');
    expect(layer?.feedForwardNorm?.tensor.name).toBe('blk.0.ffn_norm.weight');
    const used = allWeights(plan()).matrices.flatMap(({ slices }) =>
      slices.flatMap(({ parts }) => parts.map(({ tensor }) => tensor.name)),
    );
    const vectors = allWeights(plan()).vectors.map((vector) => vector.tensor.name);
    expect([...used, ...vectors].sort()).toEqual(Object.keys(tinyShapes()).sort());
  });

  it.each(QUANT_FORMATS.map((format) => format.type))('stacks what has one input and one format: %s', (type) => {
    const [layer] = plan({ ...typed(type, ...QKV, ...GATE_UP), hidden: 256 }).layers;
    expect(names(layer?.qkv)).toEqual([QKV.join('+')]);
    expect(layer?.qkv[0]).toMatchObject({ rows: 64 + 32 + 32, columns: 256, format: { type } });
    const rows = layer?.qkv[0]?.slices[0]?.parts.map(({ tensor, firstRow }) => [tensor.name, firstRow]);
    expect(rows).toEqual([
      [QKV[0], 0],
      [QKV[1], 64],
      [QKV[2], 96],
    ]);
    expect(names(layer?.gateUp)).toEqual([GATE_UP.join('+')]);
    expect(layer?.gateUp[0]?.rows).toBe(2 * TINY.size);
  });

  it('leaves mixed formats as they are', () => {
    const [first, second] = plan(typed('Q8_0', 'blk.0.attn_v.weight', 'blk.0.ffn_gate.weight')).layers;
    expect(names(first?.qkv)).toEqual(QKV);
    expect(first?.qkv.map((matrix) => matrix.format.type)).toEqual(['F32', 'F32', 'Q8_0']);
    expect(names(first?.gateUp)).toEqual(GATE_UP);
    expect(second?.qkv).toHaveLength(1);
  });

  // A half scale a block: a seam behind an odd number of blocks would part a word of the side plane.
  it.each([
    ['Q8_0', 63, 3],
    ['Q8_0', 62, 1],
    ['Q4_1', 63, 1],
  ] as const)('stacks what has whole words in both planes only: %s in %i rows', (type, rows, matrices) => {
    const parts = [0, 1].flatMap((layer) => QKV.map((name) => name.replace('blk.0', `blk.${layer}`)));
    const shapes = Object.fromEntries(parts.map((name) => [name, [32, rows]]));
    const { layers } = plan({ ...typed(type, ...parts), hidden: 32, shapes }, {}, rows);
    for (const { qkv } of layers) expect(qkv).toHaveLength(matrices);
  });

  it('uses the embedding as head where the file has no other, once', () => {
    const tied = plan({ shapes: { 'output.weight': undefined } });
    expect(tied.head).toBe(tied.embedding);
    const { matrices } = allWeights(tied);
    expect(matrices.filter((matrix) => matrix === tied.embedding)).toHaveLength(1);
    expect(matrices).toHaveLength(1 + 2 * 4);
  });

  it.each(Object.keys(tinyShapes()).filter((name) => name !== 'output.weight'))(
    'names a missing tensor: %s',
    (name) => {
      expect(() => plan({ shapes: { [name]: undefined } })).toThrow(
        expect.objectContaining({ code: 'bad-gguf', message: expect.stringContaining(`no tensor ${name}`) }),
      );
    },
  );

  it.each([
    ['blk.1.attn_q.weight', [64, 32], '[64, 32]; the metadata says [64, 64]'],
    ['blk.1.ffn_down.weight', [64, 96], '[64, 96]; the metadata says [96, 64]'],
    ['output_norm.weight', [32], '[32]; the metadata says [64]'],
    ['output_norm.weight', [64, 2], '[64, 2]; the metadata says [64]'],
    ['output.weight', [64, 40], '[64, 40]; the metadata says [64, 41]'],
    ['blk.0.ffn_up.weight', [64, 96, 2], '[64, 96, 2]; the metadata says [64, 96]'],
  ] as const)('names a wrong shape: %s %j', (name, shape, words) => {
    expect(() => plan({ shapes: { [name]: shape } })).toThrow(
      expect.objectContaining({
        code: 'bad-gguf',
        message: expect.stringContaining(`Tensor ${name} has the shape ${words}`),
      }),
    );
  });

  it('takes trailing dimensions of 1', () => {
    const shapes = { 'output_norm.weight': [64, 1, 1], 'blk.0.attn_q.weight': [64, 64, 1] };
    expect(plan({ shapes }).outputNorm.length).toBe(64);
  });

  it('refuses rows that are not whole units of 32', () => {
    expect(() => plan({ hidden: 48 })).toThrow(
      expect.objectContaining({
        code: 'unsupported-architecture',
        message: expect.stringContaining('token_embd.weight has rows of 48 weights; the kernels take multiples of 32'),
      }),
    );
  });

  it('refuses formats that have no kernels, by tensor', () => {
    expect(() => plan({ types: { 'blk.1.ffn_up.weight': 'I32' } })).toThrow(
      expect.objectContaining({
        code: 'unsupported-quantisation',
        message: expect.stringMatching(/blk\.1\.ffn_up\.weight has the type I32.*F32, F16, .*Q4_1/),
      }),
    );
  });

  it.each([
    [{ heads: 34, kvHeads: 2 }, '34 query heads over 2 KV heads'],
    [{ heads: 4, kvHeads: 3 }, '4 query heads over 3 KV heads'],
    [{ heads: 4, kvHeads: 0 }, '4 query heads over 0 KV heads'],
    [{ headSize: 260 }, 'heads of size 260'],
    [{ headSize: 18 }, 'heads of size 18'],
    [{ heads: 32, kvHeads: 2, headSize: 256 }, '16 query heads of size 256'],
  ])('refuses heads that attention cannot take: %j', (attention, words) => {
    expect(() => plan({}, attention)).toThrow(
      expect.objectContaining({
        code: 'unsupported-architecture',
        message: expect.stringContaining(`The attention kernel cannot take ${words}`),
      }),
    );
  });
});

describe('the limits of attention', () => {
  it.each([{ heads: 32, kvHeads: 2 }, { headSize: 256 }])('are met by %j', (attention) => {
    // The shapes no longer agree with the file, but the heads are not what is refused.
    expect(() => plan({}, attention)).toThrow(expect.objectContaining({ code: 'bad-gguf' }));
  });
});
