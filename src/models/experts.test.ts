import { describe, expect, it } from 'vitest';
import { tinyFile, type TinyOptions } from '../../test/support/tiny-llama';
import type { GgmlType } from '../gguf/ggml-type';
import type { GgufFile } from '../gguf/types';
import type { Network } from './network';
import { describeNetwork } from './registry';
import { allWeights, planWeights, unusedTensors } from './weight-plan';

// What mixtures of experts make of their metadata, and what they refuse. That they compute the models is for the zoo to say.

const EXPERTS = 4;
const SIZE = 32;
const HIDDEN = 64;
const HEADS = 4;
const ARCHITECTURES = ['llama', 'qwen3moe', 'gpt-oss'] as const;
type Architecture = (typeof ARCHITECTURES)[number];

type Shapes = Record<string, readonly number[] | undefined>;

/** The tensors of a layer that the tiny llama lacks, and those that it has too many. */
function layerShapes(architecture: Architecture): Shapes {
  const shapes: Shapes = {
    'ffn_gate.weight': undefined,
    'ffn_up.weight': undefined,
    'ffn_down.weight': undefined,
    'ffn_gate_inp.weight': [HIDDEN, EXPERTS],
    'ffn_gate_exps.weight': [HIDDEN, SIZE, EXPERTS],
    'ffn_up_exps.weight': [HIDDEN, SIZE, EXPERTS],
    'ffn_down_exps.weight': [SIZE, HIDDEN, EXPERTS],
  };
  if (architecture === 'qwen3moe') return { ...shapes, 'attn_q_norm.weight': [16], 'attn_k_norm.weight': [16] };
  if (architecture === 'llama') return shapes;
  return {
    ...shapes,
    'ffn_norm.weight': undefined,
    'post_attention_norm.weight': [HIDDEN],
    'attn_sinks.weight': [HEADS],
    'attn_q.bias': [64],
    'attn_k.bias': [32],
    'attn_v.bias': [32],
    'attn_output.bias': [HIDDEN],
    'ffn_gate_inp.bias': [EXPERTS],
    'ffn_gate_exps.bias': [SIZE, EXPERTS],
    'ffn_up_exps.bias': [SIZE, EXPERTS],
    'ffn_down_exps.bias': [HIDDEN, EXPERTS],
  };
}

/** A header of two layers; `keys` without the architecture's name, `shapes` and `types` by full names. */
function fileOf(
  architecture: Architecture,
  keys: NonNullable<TinyOptions['metadata']> = {},
  shapes: Shapes = {},
  types: Readonly<Record<string, GgmlType>> = {},
): GgufFile {
  const layers = [0, 1].flatMap((layer) =>
    Object.entries(layerShapes(architecture)).map(([name, shape]) => [`blk.${layer}.${name}`, shape] as const),
  );
  const plain = tinyFile({ shapes: { ...Object.fromEntries(layers), ...shapes }, types });
  const own = {
    expert_count: EXPERTS,
    expert_used_count: 2,
    feed_forward_length: architecture === 'llama' ? SIZE : 96,
    ...(architecture === 'llama' ? {} : { expert_feed_forward_length: SIZE }),
    ...(architecture === 'gpt-oss' ? { 'attention.sliding_window': 128 } : {}),
    ...keys,
  };
  const renamed = [...plain.metadata].map(
    ([key, value]) => [key.replace(/^llama\./, `${architecture}.`), value] as const,
  );
  const metadata = new Map([...renamed, ['general.architecture', architecture] as const]);
  for (const [key, value] of Object.entries(own)) {
    if (value === undefined) metadata.delete(`${architecture}.${key}`);
    else metadata.set(`${architecture}.${key}`, value as never);
  }
  return { ...plain, metadata };
}

function network(...args: Parameters<typeof fileOf>): Network {
  return describeNetwork(fileOf(...args));
}

const PLAIN_EXPERTS = {
  kind: 'experts',
  norm: 'blk.1.ffn_norm.weight',
  router: 'blk.1.ffn_gate_inp.weight',
  routerBias: null,
  gateUp: [
    { name: 'blk.1.ffn_gate_exps.weight', rows: SIZE },
    { name: 'blk.1.ffn_up_exps.weight', rows: SIZE },
  ],
  down: 'blk.1.ffn_down_exps.weight',
  biases: null,
  experts: EXPERTS,
  used: 2,
  size: SIZE,
  activation: 'silu',
};

describe('mixtures of experts', () => {
  it.each(['llama', 'qwen3moe'] as const)('%s: softmax routing, SwiGLU', (architecture) => {
    const { layers, ropes } = network(architecture);
    expect(layers[1]?.feedForward).toEqual(PLAIN_EXPERTS);
    const isQwen = architecture === 'qwen3moe';
    expect(layers[1]?.attention).toMatchObject({
      sinks: null,
      outputBias: null,
      queryNorm: isQwen ? { name: 'blk.1.attn_q_norm.weight', whole: false } : null,
      keyNorm: isQwen ? { name: 'blk.1.attn_k_norm.weight', whole: false } : null,
    });
    expect(ropes.map(({ pairing }) => pairing)).toEqual([isQwen ? 'halves' : 'neighbours']);
  });

  it('gpt-oss: sinks, biases, windows and a gated unit of its own', () => {
    const { layers, ropes } = network('gpt-oss');
    expect(layers[1]?.feedForward).toEqual({
      ...PLAIN_EXPERTS,
      norm: 'blk.1.post_attention_norm.weight',
      routerBias: 'blk.1.ffn_gate_inp.bias',
      biases: {
        gate: 'blk.1.ffn_gate_exps.bias',
        up: 'blk.1.ffn_up_exps.bias',
        down: 'blk.1.ffn_down_exps.bias',
      },
      activation: 'swiglu-oai',
    });
    expect(layers[1]?.attention).toMatchObject({
      norm: 'blk.1.attn_norm.weight',
      postNorm: null,
      sinks: 'blk.1.attn_sinks.weight',
      qkvBias: ['blk.1.attn_q.bias', 'blk.1.attn_k.bias', 'blk.1.attn_v.bias'],
      outputBias: 'blk.1.attn_output.bias',
    });
    expect(layers.map(({ attention }) => [attention.window, attention.rope])).toEqual([
      [128, 0],
      [null, 0],
    ]);
    expect(ropes).toHaveLength(1);
  });

  it('gpt-oss rotates in windows by a base of their own, with the same scaling', () => {
    const yarn = {
      'rope.scaling.type': 'yarn',
      'rope.scaling.factor': 32,
      'rope.scaling.original_context_length': 4096,
    };
    const { layers, ropes } = network('gpt-oss', { 'rope.freq_base': 150_000, 'rope.freq_base_swa': 10_000, ...yarn });
    expect(layers.map(({ attention }) => attention.rope)).toEqual([1, 0]);
    expect(ropes.map(({ base }) => base)).toEqual([150_000, 10_000]);
    expect(ropes[1]?.scaling).toEqual(ropes[0]?.scaling);
    expect(ropes[1]?.scaling.kind).toBe('yarn');
  });

  it('takes one size for each layer', () => {
    const { layers } = network('qwen3moe', { expert_feed_forward_length: new Uint32Array([32, 64]) });
    expect(layers.map(({ feedForward }) => feedForward.size)).toEqual([32, 64]);
  });

  it.each([
    ['llama', 'feed_forward_length'],
    ['llama', 'expert_used_count'],
    ['qwen3moe', 'expert_count'],
    ['qwen3moe', 'expert_feed_forward_length'],
    ['gpt-oss', 'expert_feed_forward_length'],
    ['gpt-oss', 'attention.sliding_window'],
  ] as const)('%s names missing metadata: %s', (architecture, key) => {
    expect(() => network(architecture, { [key]: undefined })).toThrow(
      expect.objectContaining({ code: 'bad-gguf', message: expect.stringContaining(`${architecture}.${key}`) }),
    );
  });
});

describe('what is not built of experts', () => {
  const keys = [
    [{ expert_shared_count: 1 }, 'shared experts'],
    [{ expert_shared_feed_forward_length: 64 }, 'shared experts'],
    [{ expert_group_count: 2 }, 'groups of experts'],
    [{ leading_dense_block_count: 1 }, 'dense layers between those of experts'],
    [{ moe_every_n_layers: 2 }, 'dense layers between those of experts'],
    [{ interleave_moe_layer_step: 2 }, 'dense layers between those of experts'],
    [{ expert_gating_func: 2 }, 'routing without softmax'],
    [{ expert_weights_norm: false }, 'weights of experts that are not normalised'],
    [{ expert_weights_scale: 2.5 }, 'scaled weights of experts'],
  ] as const;
  const refusal = (reason: string): unknown =>
    expect.objectContaining({
      code: 'unsupported-architecture',
      message: `This model uses ${reason}, which Forgelight cannot compute yet. Choose another model.`,
    });

  const cases = ARCHITECTURES.flatMap((architecture) => keys.map((entry) => [architecture, ...entry] as const));
  it.each(cases)('%s is refused by name: %j', (architecture, metadata, reason) => {
    expect(() => network(architecture, metadata)).toThrow(refusal(reason));
  });

  it.each([
    ['blk.0.ffn_gate.0.weight', 'a tensor for each expert'],
    ['blk.0.ffn_gate_up_exps.weight', 'gate and up of the experts in one tensor'],
  ])('is refused by name: %s', (tensor, reason) => {
    expect(() => network('llama', {}, { [tensor]: [HIDDEN, SIZE] })).toThrow(refusal(reason));
  });

  it.each(ARCHITECTURES)('is not what %s only mentions', (architecture) => {
    const harmless = {
      expert_shared_count: 0,
      expert_group_count: 1,
      leading_dense_block_count: 0,
      moe_every_n_layers: 1,
      expert_gating_func: architecture === 'gpt-oss' ? 3 : 1,
      expert_weights_norm: true,
      expert_weights_scale: 0,
    };
    expect(network(architecture, harmless).layers).toHaveLength(2);
  });
});

describe('weights of experts', () => {
  it.each(ARCHITECTURES)('%s: every tensor has its place, once', (architecture) => {
    const file = fileOf(architecture);
    const plan = planWeights(describeNetwork(file), file);
    expect(unusedTensors(plan, file)).toEqual([]);
    const { matrices, vectors } = allWeights(plan);
    const parts = [...matrices.flatMap(({ slices }) => slices.flatMap(({ parts }) => parts)), ...vectors].map(
      ({ tensor }) => tensor.name,
    );
    expect(new Set(parts).size).toBe(parts.length);
    expect(parts).toHaveLength(file.tensors.length);
  });

  it('are matrices of all rows, gates above ups', () => {
    const file = fileOf('gpt-oss');
    const [layer] = planWeights(describeNetwork(file), file).layers;
    expect(layer?.gateUp).toMatchObject([
      {
        rows: 2 * EXPERTS * SIZE,
        columns: HIDDEN,
        slices: [
          { parts: [{ firstRow: 0 }, { tensor: { name: 'blk.0.ffn_up_exps.weight' }, firstRow: EXPERTS * SIZE }] },
        ],
      },
    ]);
    expect(layer?.down).toMatchObject({ rows: EXPERTS * HIDDEN, columns: SIZE });
    expect(layer?.experts?.router).toMatchObject({ rows: EXPERTS, columns: HIDDEN });
    expect(layer?.experts?.biases?.gate.length).toBe(EXPERTS * SIZE);
    expect(layer?.experts?.biases?.down.length).toBe(EXPERTS * HIDDEN);
  });

  it('stay apart where formats differ', () => {
    const file = fileOf('llama', {}, {}, { 'blk.0.ffn_up_exps.weight': 'Q8_0' });
    const { layers } = planWeights(describeNetwork(file), file);
    expect(layers.map(({ gateUp }) => gateUp.map(({ format, rows }) => [format.type, rows]))).toEqual([
      [
        ['F32', EXPERTS * SIZE],
        ['Q8_0', EXPERTS * SIZE],
      ],
      [['F32', 2 * EXPERTS * SIZE]],
    ]);
  });

  it('take a tensor of one expert with or without its dimension', () => {
    const one = [0, 1].flatMap((layer) =>
      (['gate', 'up', 'down'] as const).map((name) => {
        const shape = name === 'down' ? [SIZE, HIDDEN] : [HIDDEN, SIZE];
        return [`blk.${layer}.ffn_${name}_exps.weight`, layer === 0 ? shape : [...shape, 1]] as const;
      }),
    );
    const routers = [0, 1].map((layer) => [`blk.${layer}.ffn_gate_inp.weight`, [HIDDEN, 1]] as const);
    const shapes = Object.fromEntries([...one, ...routers]);
    const file = fileOf('llama', { expert_count: 1, expert_used_count: 1 }, shapes);
    const { layers } = planWeights(describeNetwork(file), file);
    expect(layers.map((layer) => layer.down.rows)).toEqual([HIDDEN, HIDDEN]);
  });

  it.each([
    ['blk.0.ffn_up_exps.weight', [HIDDEN, SIZE, 3], '[64, 32, 3]; the metadata says [64, 32, 4]'],
    ['blk.0.ffn_gate_inp.weight', [HIDDEN, 8], '[64, 8]; the metadata says [64, 4]'],
    ['blk.1.ffn_down_exps.bias', [HIDDEN], '[64]; the metadata says [64, 4]'],
    ['blk.1.attn_sinks.weight', [8], '[8]; the metadata says [4]'],
  ] as const)('name a wrong shape: %s %j', (name, shape, words) => {
    const file = fileOf('gpt-oss', {}, { [name]: shape });
    expect(() => planWeights(describeNetwork(file), file)).toThrow(
      expect.objectContaining({
        code: 'bad-gguf',
        message: expect.stringContaining(`Tensor ${name} has the shape ${words}`),
      }),
    );
  });

  it.each([0, 5])('cannot be %i of 4', (used) => {
    const file = fileOf('llama', { expert_used_count: used });
    expect(() => planWeights(describeNetwork(file), file)).toThrow(
      expect.objectContaining({
        code: 'unsupported-architecture',
        message: expect.stringContaining(`${used} of 4 experts a token`),
      }),
    );
  });

  it('leave nothing out: a tensor that nobody reads is told', () => {
    const file = fileOf('qwen3moe', {}, { 'blk.0.exp_probs_b.bias': [EXPERTS] });
    expect(unusedTensors(planWeights(describeNetwork(file), file), file)).toEqual(['blk.0.exp_probs_b.bias']);
  });
});
