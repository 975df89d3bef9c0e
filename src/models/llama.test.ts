import { describe, expect, it } from 'vitest';
import { meta } from '../../test/gguf-writer';
import { TINY, tinyFile, type TinyOptions } from '../../test/support/tiny-llama';
import { llama } from './llama';
import type { Network } from './network';

function network(metadata: TinyOptions['metadata'] = {}, shapes: TinyOptions['shapes'] = {}): Network {
  return llama(tinyFile({ metadata, shapes }));
}

describe('llama', () => {
  it('describes the network as the metadata has it', () => {
    const { layers, ropes, ...rest } = network({ 'llama.rope.freq_base': 500_000 });
    expect(rest).toEqual({
      kind: 'decoder',
      pooling: null,
      hiddenSize: 64,
      vocabularySize: 41,
      contextLength: 40,
      normEpsilon: expect.closeTo(1e-5, 10),
      embedding: 'token_embd.weight',
      embeddingScale: 1,
      outputNorm: 'output_norm.weight',
      head: 'output.weight',
      logitScale: 1,
      logitSoftCap: null,
      residualScale: 1,
    });
    expect(ropes).toEqual([{ pairs: 8, base: 500_000, pairing: 'neighbours', scaling: { kind: 'none' } }]);
    expect(layers).toHaveLength(TINY.layers);
    expect(layers[1]).toEqual({
      attention: {
        norm: 'blk.1.attn_norm.weight',
        qkv: [
          { name: 'blk.1.attn_q.weight', rows: 64 },
          { name: 'blk.1.attn_k.weight', rows: 32 },
          { name: 'blk.1.attn_v.weight', rows: 32 },
        ],
        qkvBias: null,
        queryNorm: null,
        keyNorm: null,
        sinks: null,
        output: 'blk.1.attn_output.weight',
        outputBias: null,
        postNorm: null,
        softCap: null,
        window: null,
        heads: 4,
        kvHeads: 2,
        headSize: 16,
        scale: 0.25,
        rope: 0,
      },
      feedForward: {
        kind: 'dense',
        norm: 'blk.1.ffn_norm.weight',
        gateUp: [
          { name: 'blk.1.ffn_gate.weight', rows: 96 },
          { name: 'blk.1.ffn_up.weight', rows: 96 },
        ],
        down: 'blk.1.ffn_down.weight',
        postNorm: null,
        size: 96,
        activation: 'silu',
      },
    });
  });

  it('fills in what files leave out', () => {
    const plain = network({
      'llama.attention.head_count_kv': undefined,
      'llama.attention.key_length': undefined,
      'llama.attention.value_length': undefined,
    });
    expect(plain.layers[0]?.attention).toMatchObject({ heads: 4, kvHeads: 4, headSize: 16 });
    expect(plain.ropes).toEqual([{ pairs: 8, base: 10_000, pairing: 'neighbours', scaling: { kind: 'none' } }]);
  });

  it('ties the head to the embedding where there is no other', () => {
    expect(network({}, { 'output.weight': undefined }).head).toBe('token_embd.weight');
  });

  it('takes the vocabulary from the embedding, not from the metadata', () => {
    expect(network({ 'llama.vocab_size': 1000 }).vocabularySize).toBe(41);
  });

  it('takes one count for each layer', () => {
    const counts = {
      'llama.attention.head_count_kv': new Uint32Array([1, 4]),
      'llama.feed_forward_length': new Int32Array([96, 32]),
    };
    const { layers } = network(counts);
    expect(layers.map((layer) => layer.attention.kvHeads)).toEqual([1, 4]);
    expect(layers.map((layer) => layer.feedForward.size)).toEqual([96, 32]);
  });

  it('rotates a part of a head where the file says so', () => {
    expect(network({ 'llama.rope.dimension_count': 8 }).ropes[0]?.pairs).toBe(4);
  });

  it.each([
    'block_count',
    'context_length',
    'embedding_length',
    'feed_forward_length',
    'attention.head_count',
    'attention.layer_norm_rms_epsilon',
  ])('names missing metadata: %s', (name) => {
    expect(() => network({ [`llama.${name}`]: undefined })).toThrow(
      expect.objectContaining({ code: 'bad-gguf', message: expect.stringContaining(`llama.${name}`) }),
    );
  });

  it.each([
    ['context_length', 0],
    ['block_count', 0],
    ['block_count', 1_000_000_000],
    ['block_count', meta.number('u64', 2n ** 52n)],
    ['feed_forward_length', new Uint32Array([96, 96, 96])],
    ['rope.freq_base', 'ten thousand'],
  ] as const)('refuses metadata that cannot be: %s %o', (name, value) => {
    expect(() => network({ [`llama.${name}`]: value })).toThrow(
      expect.objectContaining({ code: 'bad-gguf', message: expect.stringContaining(`llama.${name}`) }),
    );
  });
});

describe('what is not built yet', () => {
  function refusal(
    metadata: TinyOptions['metadata'],
    shapes: TinyOptions['shapes'] = {},
  ): { code: string; message: string } {
    try {
      network(metadata, shapes);
    } catch (error) {
      return error as { code: string; message: string };
    }
    throw new Error('it was not refused');
  }

  it.each([
    [{ 'llama.attention.value_length': 8 }, {}, 'values of another size than keys'],
    [{ 'llama.embedding_scale': 12 }, {}, 'the multipliers embedding_scale'],
    [{ 'llama.residual_scale': 0.5, 'llama.logit_scale': 8 }, {}, 'the multipliers residual_scale, logit_scale'],
    [{ 'llama.attention.scale': 0.1 }, {}, 'the multipliers attention.scale'],
    [{ 'llama.rope.dimension_sections': new Int32Array([2, 3, 3, 0]) }, {}, 'RoPE sections'],
    [{ 'llama.rope.dimension_count': 6 }, {}, 'RoPE over 6 of 16 elements of a head'],
    [{ 'llama.rope.dimension_count': 20 }, {}, 'RoPE over 20 of 16 elements of a head'],
  ] as const)('is refused by name: %j %j', (metadata, shapes, reason) => {
    expect(refusal(metadata, shapes)).toMatchObject({
      code: 'unsupported-architecture',
      message: `This model uses ${reason}, which Forgelight cannot compute yet. Choose another model.`,
    });
  });

  it('is named in full', () => {
    const { message } = refusal({ 'llama.embedding_scale': 2, 'llama.attention.value_length': 8 });
    expect(message).toContain('uses values of another size than keys and the multipliers embedding_scale, which');
  });

  it('is not what a file only mentions', () => {
    const harmless = { 'llama.expert_count': 0, 'llama.rope.scaling.type': 'none', 'llama.rope.dimension_count': 16 };
    expect(network(harmless).layers).toHaveLength(2);
  });
});
