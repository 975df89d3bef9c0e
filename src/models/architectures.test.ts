import { describe, expect, it } from 'vitest';
import { tinyGguf, type TinyOptions } from '../../test/support/tiny-llama';
import type { GgufFile, GgufValue } from '../gguf/types';
import { describeModel } from './describe-model';
import type { Network, Rope } from './network';
import { describeNetwork } from './registry';

// What each architecture makes of its metadata. That this is what the models compute is for the zoo to say.

type Keys = Readonly<Record<string, GgufValue>>;

const HIDDEN = 64;
const HEAD_SIZE = 32;
const SIZES: Keys = {
  block_count: 7,
  context_length: 2048,
  embedding_length: HIDDEN,
  feed_forward_length: 96,
  'attention.head_count': 4,
  'attention.head_count_kv': 2,
  'attention.key_length': HEAD_SIZE,
  'attention.value_length': HEAD_SIZE,
  'attention.layer_norm_rms_epsilon': 1e-6,
};

/** A header with these keys of its architecture and tensors of these names. */
function fileOf(architecture: string, keys: Keys = {}, names: readonly string[] = []): GgufFile {
  const entries = Object.entries({ ...SIZES, ...keys }).map(
    ([key, value]) => [`${architecture}.${key}`, value] as const,
  );
  return {
    version: 3,
    metadata: new Map<string, GgufValue>([['general.architecture', architecture], ...entries]),
    // As many tensors as a model of many layers has at least.
    tensors: [...names, ...Array.from({ length: 100 }, (_, i) => `filler.${i}`)].map((name) => ({
      name,
      type: 'F32',
      shape: [1],
      offsetBytes: 0,
      sizeBytes: 4,
    })),
    alignment: 32,
    dataOffsetBytes: 0,
  };
}

const plainRope: Rope = { pairs: HEAD_SIZE / 2, base: 10_000, pairing: 'halves', scaling: { kind: 'none' } };
const everyLayer = <T>(value: T): T[] => Array.from({ length: 7 }, () => value);

/** Every way in which the decoders differ, in short. */
function traitsOf(network: Network): Record<string, unknown> {
  const { layers, ropes, embeddingScale, logitScale, logitSoftCap, residualScale } = network;
  const attention = layers.map((layer) => layer.attention);
  const feedForward = layers.map((layer) => layer.feedForward);
  return {
    ropes,
    layerRopes: attention.map(({ rope }) => rope),
    windows: attention.map(({ window }) => window),
    scales: [...new Set(attention.map(({ scale }) => scale))],
    softCaps: [...new Set(attention.map(({ softCap }) => softCap))],
    activations: [...new Set(feedForward.map(({ activation }) => activation))],
    norms: [attention[1]?.norm, attention[1]?.postNorm, feedForward[1]?.norm, feedForward[1]?.postNorm],
    headNorms: [attention[1]?.queryNorm, attention[1]?.keyNorm],
    qkv: attention[1]?.qkv,
    qkvBias: attention[1]?.qkvBias,
    gateUp: feedForward[1]?.gateUp,
    network: { embeddingScale, logitScale, logitSoftCap, residualScale },
  };
}

const LLAMA = {
  ropes: [{ ...plainRope, pairing: 'neighbours' }],
  layerRopes: everyLayer(0),
  windows: everyLayer(null),
  scales: [1 / Math.sqrt(HEAD_SIZE)],
  softCaps: [null],
  activations: ['silu'],
  norms: ['blk.1.attn_norm.weight', null, 'blk.1.ffn_norm.weight', null],
  headNorms: [null, null],
  qkv: [
    { name: 'blk.1.attn_q.weight', rows: 128 },
    { name: 'blk.1.attn_k.weight', rows: 64 },
    { name: 'blk.1.attn_v.weight', rows: 64 },
  ],
  qkvBias: null,
  gateUp: [
    { name: 'blk.1.ffn_gate.weight', rows: 96 },
    { name: 'blk.1.ffn_up.weight', rows: 96 },
  ],
  network: { embeddingScale: 1, logitScale: 1, logitSoftCap: null, residualScale: 1 },
};
const HALVES = { ...LLAMA, ropes: [plainRope] };
const POST_NORMS = ['blk.1.post_attention_norm.weight', 'blk.1.post_ffw_norm.weight'] as const;
const GEMMA = {
  ...HALVES,
  activations: ['gelu'],
  norms: ['blk.1.attn_norm.weight', POST_NORMS[0], 'blk.1.ffn_norm.weight', POST_NORMS[1]],
  network: { ...LLAMA.network, embeddingScale: 8 },
};
const eachHead = [
  { name: 'blk.1.attn_q_norm.weight', whole: false },
  { name: 'blk.1.attn_k_norm.weight', whole: false },
];
const GEMMA3 = {
  ...GEMMA,
  headNorms: eachHead,
  ropes: [
    { ...plainRope, base: 1e6, scaling: { kind: 'linear', factor: 8 } },
    { ...plainRope, base: 10_000 },
  ],
};
const GEMMA3_KEYS = {
  'rope.freq_base': 1e6,
  'rope.scaling.type': 'linear',
  'rope.scaling.factor': 8,
  'attention.sliding_window': 512,
};
const OLMO2 = {
  ...HALVES,
  norms: [null, POST_NORMS[0], null, POST_NORMS[1]],
  headNorms: eachHead.map((norm) => ({ ...norm, whole: true })),
};
const biases = ['q', 'k', 'v'].map((part) => `blk.1.attn_${part}.bias`);
const yarn = { 'rope.scaling.type': 'yarn', 'rope.scaling.factor': 4, 'rope.scaling.original_context_length': 512 };

const CASES: readonly (readonly [string, string, Keys, Record<string, unknown>])[] = [
  ['llama', 'plain', {}, LLAMA],
  ['qwen2', 'plain', {}, HALVES],
  ['qwen3', 'plain', {}, { ...HALVES, headNorms: eachHead }],
  [
    'phi3',
    'whose window is not applied',
    { 'attention.sliding_window': 2047 },
    {
      ...HALVES,
      qkv: [{ name: 'blk.1.attn_qkv.weight', rows: 256 }],
      gateUp: [{ name: 'blk.1.ffn_up.weight', rows: 192 }],
    },
  ],
  [
    'gemma2',
    'by its defaults',
    {},
    {
      ...GEMMA,
      windows: [4096, null, 4096, null, 4096, null, 4096],
      softCaps: [50],
      network: { ...GEMMA.network, logitSoftCap: 30 },
    },
  ],
  [
    'gemma2',
    'as stated',
    { 'attention.sliding_window': 8, attn_logit_softcapping: 6, final_logit_softcapping: 10 },
    {
      ...GEMMA,
      windows: [8, null, 8, null, 8, null, 8],
      softCaps: [6],
      network: { ...GEMMA.network, logitSoftCap: 10 },
    },
  ],
  [
    'gemma3',
    'with windows',
    GEMMA3_KEYS,
    { ...GEMMA3, windows: [512, 512, 512, 512, 512, null, 512], layerRopes: [1, 1, 1, 1, 1, 0, 1] },
  ],
  [
    'gemma3',
    'with a pattern, a base and a cap of its own',
    {
      ...GEMMA3_KEYS,
      'attention.sliding_window_pattern': [false, true, true, true, true, true, false],
      'rope.freq_base_swa': 20_000,
      final_logit_softcapping: 30,
    },
    {
      ...GEMMA3,
      ropes: [GEMMA3.ropes[0], { ...plainRope, base: 20_000 }],
      windows: [null, 512, 512, 512, 512, 512, null],
      layerRopes: [0, 1, 1, 1, 1, 1, 0],
      network: { ...GEMMA.network, logitSoftCap: 30 },
    },
  ],
  ['gemma3', 'without windows', { ...GEMMA3_KEYS, 'attention.sliding_window': 0 }, GEMMA3],
  ['olmo2', 'plain', {}, OLMO2],
  [
    'olmo2',
    'as OLMo 3 is: windows with plain RoPE',
    { 'attention.sliding_window': 4096, ...yarn },
    {
      ...OLMO2,
      windows: [4096, 4096, 4096, null, 4096, 4096, 4096],
      layerRopes: [1, 1, 1, 0, 1, 1, 1],
      ropes: [{ ...plainRope, scaling: expect.objectContaining({ kind: 'yarn', factor: 4 }) }, plainRope],
    },
  ],
  [
    'olmo2',
    'with a step of its own',
    { 'attention.sliding_window': 16, 'attention.sliding_window_pattern': 3 },
    {
      ...OLMO2,
      windows: [16, 16, null, 16, 16, null, 16],
      layerRopes: [1, 1, 0, 1, 1, 0, 1],
      ropes: [plainRope, plainRope],
    },
  ],
  ['exaone4', 'without windows', { 'attention.sliding_window': 8 }, { ...OLMO2, headNorms: eachHead }],
  ['granite', 'by its defaults', {}, LLAMA],
  [
    'granite',
    'with multipliers',
    { embedding_scale: 12, residual_scale: 0.22, logit_scale: 8, 'attention.scale': 0.015625 },
    {
      ...LLAMA,
      scales: [0.015625],
      network: { embeddingScale: 12, residualScale: 0.22, logitScale: 1 / 8, logitSoftCap: null },
    },
  ],
  [
    'granite',
    'with multipliers of 0, which stand for none',
    { embedding_scale: 0, residual_scale: 0, logit_scale: 0, 'attention.scale': 0 },
    LLAMA,
  ],
  ['granite', 'without RoPE', { 'rope.scaling.finetuned': false }, { ...LLAMA, layerRopes: everyLayer(null) }],
  ['smollm3', 'plain', {}, { ...LLAMA, layerRopes: [0, 0, 0, null, 0, 0, 0] }],
];

const ARCHITECTURES = [...new Set(CASES.map(([architecture]) => architecture))];

describe('architectures', () => {
  it.each(CASES)('%s, %s', (architecture, _what, keys, expected) => {
    expect(traitsOf(describeNetwork(fileOf(architecture, keys)))).toEqual(expected);
  });

  it.each([
    ['gemma2', 46],
    ['gemma2', 62],
    ['gemma3', 62],
    ['gemma3', 46],
  ])('%s of %i layers scales its scores as the 27B model does, or not', (architecture, layers) => {
    const { scales } = traitsOf(describeNetwork(fileOf(architecture, { block_count: layers })));
    const is27b = layers === (architecture === 'gemma2' ? 46 : 62);
    expect(scales).toEqual([1 / Math.sqrt(is27b ? HIDDEN / 4 : HEAD_SIZE)]);
  });

  it.each([
    [{}, 4096],
    [{ 'attention.sliding_window': 512 }, 512],
  ])('exaone4 of 64 layers has windows, and no RoPE where it sees all: %j', (keys, window) => {
    const network = traitsOf(describeNetwork(fileOf('exaone4', { block_count: 64, ...keys })));
    const each = <T>(local: T, global: T): T[] => Array.from({ length: 64 }, (_, i) => (i % 4 === 3 ? global : local));
    expect(network['windows']).toEqual(each<number | null>(window, null));
    expect(network['layerRopes']).toEqual(each<number | null>(0, null));
  });

  it.each(ARCHITECTURES.filter((name) => name !== 'phi3'))(
    '%s adds biases where a layer has all three',
    (architecture) => {
      const { layers } = describeNetwork(fileOf(architecture, {}, [...biases, 'blk.2.attn_q.bias']));
      expect(layers.map((layer) => layer.attention.qkvBias)).toEqual([null, biases, null, null, null, null, null]);
    },
  );

  it('phi3 adds the bias of the fused matrix', () => {
    const { layers } = describeNetwork(fileOf('phi3', {}, ['blk.1.attn_qkv.bias']));
    expect(layers[1]?.attention.qkvBias).toEqual(['blk.1.attn_qkv.bias']);
  });
});

describe('RoPE scaling', () => {
  const scalingOf = (keys: Keys, names: readonly string[] = []): unknown =>
    describeNetwork(fileOf('llama', keys, names)).ropes[0]?.scaling;

  it.each([
    ['none stated', {}, { kind: 'none' }],
    ['"none", whatever the factor', { 'rope.scaling.type': 'none', 'rope.scaling.factor': 4 }, { kind: 'none' }],
    ['linear', { 'rope.scaling.type': 'linear', 'rope.scaling.factor': 4 }, { kind: 'linear', factor: 4 }],
    ['a factor alone', { 'rope.scaling.factor': 4 }, { kind: 'linear', factor: 4 }],
    ['a factor by its old name', { 'rope.scale_linear': 2 }, { kind: 'linear', factor: 2 }],
    ['a factor of 1', { 'rope.scaling.type': 'linear', 'rope.scaling.factor': 1 }, { kind: 'none' }],
    ['a factor of 0, which stands for none', { 'rope.scaling.factor': 0 }, { kind: 'none' }],
    ['YaRN', yarn, { kind: 'yarn', factor: 4, originalContext: 512, betaFast: 32, betaSlow: 1, scale: 1 }],
    [
      'YaRN with everything stated',
      {
        ...yarn,
        'rope.scaling.attn_factor': 0.8,
        'rope.scaling.yarn_beta_fast': 16,
        'rope.scaling.yarn_beta_slow': 2,
      },
      { kind: 'yarn', factor: 4, originalContext: 512, betaFast: 16, betaSlow: 2, scale: 0.8 },
    ],
  ] as const)('%s', (_what, keys, expected) => {
    expect(scalingOf(keys)).toEqual(expected);
  });

  it('by factors of a tensor', () => {
    expect(scalingOf({}, ['rope_freqs.weight'])).toEqual({ kind: 'factors', tensor: 'rope_freqs.weight' });
  });

  it('by long factors, with their context and magnitude', () => {
    const keys = {
      'rope.scaling.type': 'longrope',
      'rope.scaling.original_context_length': 1024,
      'rope.scaling.attn_factor': 1.19,
    };
    expect(scalingOf(keys, ['rope_factors_long.weight', 'rope_factors_short.weight'])).toEqual({
      kind: 'long',
      short: 'rope_factors_short.weight',
      long: 'rope_factors_long.weight',
      originalContext: 1024,
      scale: 1.19,
    });
  });
});

describe('what is not built yet', () => {
  const refusal = (reason: string): unknown =>
    expect.objectContaining({ code: 'unsupported-architecture', message: expect.stringContaining(reason) });

  const reasons = [
    [{ expert_count: 8 }, 'mixture of experts'],
    [{ 'attention.value_length': 16 }, 'values of another size than keys'],
    [{ 'rope.scaling.type': 'longrope' }, 'scales its positions by "longrope"'],
    [{ 'rope.scaling.type': 'dynamic' }, 'scales its positions by "dynamic"'],
  ] as const;
  const cases = ARCHITECTURES.flatMap((architecture) => reasons.map((reason) => [architecture, ...reason] as const));
  it.each(cases)('%s is refused by name: %j', (architecture, keys, reason) => {
    expect(() => describeNetwork(fileOf(architecture, keys))).toThrow(refusal(reason));
  });

  it.each(['qwen3moe', 'gpt-oss', 'granitemoe', 'mamba2'])('%s is an architecture that is named', (architecture) => {
    expect(() => describeNetwork(fileOf(architecture))).toThrow(refusal(`The architecture "${architecture}"`));
  });

  it.each([[['q', 'k', 'v']], 'many', 7.5])('a pattern of windows cannot be %j', (pattern) => {
    const keys = { 'attention.sliding_window_pattern': pattern as GgufValue };
    expect(() => describeNetwork(fileOf('gemma2', keys))).toThrow(
      expect.objectContaining({ code: 'bad-gguf', message: expect.stringContaining('sliding_window_pattern') }),
    );
  });

  const extra = (...names: string[]): TinyOptions => ({
    shapes: Object.fromEntries(names.map((name) => [name, [64]])),
  });
  it.each([
    [extra('blk.0.attn_q.bias'), '(blk.0.attn_q.bias)'],
    [extra('blk.1.attn_output.bias', 'output.bias'), '(blk.1.attn_output.bias, output.bias)'],
    [extra('a', 'b', 'c', 'd', 'e'), '(a, b, c and 2 more)'],
  ])('is named when it shows in tensors only: %j', async (options, names) => {
    const bytes = tinyGguf(options);
    let rest: Uint8Array | null = bytes;
    const stream = {
      async read(): Promise<Uint8Array | null> {
        const piece = rest;
        rest = null;
        return piece;
      },
      cancel: async (): Promise<void> => undefined,
    };
    await expect(describeModel(stream, bytes.byteLength, 'tiny.gguf')).rejects.toThrow(refusal(names));
  });
});
