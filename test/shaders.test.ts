import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { WgslReflect } from 'wgsl_reflect/wgsl_reflect.module.js';
import type { DeviceBuffer } from '../src/device/device';
import type { Dispatch } from '../src/device/plan';
import { shaderText, type KernelText, type ShaderTexts } from '../src/device/webgpu/shader-text';
import { attention, attentionMerge, attentionMergeParams, attentionParams } from '../src/kernels/attention';
import { argmax, argmaxParams, topk, topkParams } from '../src/kernels/candidates';
import { embed, embedParams } from '../src/kernels/embed';
import { embedNorm, embedNormParams } from '../src/kernels/embed-norm';
import { expertMatvec, expertMatvecParams } from '../src/kernels/expert-matvec';
import { KV_TYPES, type KvLayer, type KvType } from '../src/kernels/kv-layout';
import { linearParams, matvecParams } from '../src/kernels/linear';
import { CHUNK_WIDTHS, matmul } from '../src/kernels/matmul';
import { matvec, MATVEC_VARIANTS } from '../src/kernels/matvec';
import { qkv, qkvParams } from '../src/kernels/qkv';
import { relayout, relayoutParams } from '../src/kernels/relayout';
import { rmsnorm, rmsnormParams } from '../src/kernels/rmsnorm';
import { ropeKv, ropeKvParams } from '../src/kernels/rope-kv';
import { route, routeParams } from '../src/kernels/route';
import { addBias, addBiasParams } from '../src/kernels/add-bias';
import { headNorm, headNormParams } from '../src/kernels/head-norm';
import { sample, sampleParams } from '../src/kernels/sample';
import { softcap, softcapParams } from '../src/kernels/softcap';
import { glu, gluParams } from '../src/kernels/glu';
import { activate, activationParams } from '../src/kernels/activation';
import { layernorm, layernormParams } from '../src/kernels/layernorm';
import { keepTokens, keepTokensParams } from '../src/kernels/keep-tokens';
import { penalise, penaliseParams } from '../src/kernels/penalise';
import { pool, poolParams } from '../src/kernels/pool';
import { QUANT_FORMATS } from '../src/quant/registry';

interface ShaderScript {
  linkShaders(): Promise<ShaderTexts & { readonly twins: ShaderTexts['kernels'] }>;
  joinedShaders(linked: ShaderTexts): Map<string, string>;
  checkJoinable(texts: Readonly<Record<string, string>>): void;
  choicesOf(kernel: Pick<KernelText, 'takes'>, modules: ShaderTexts['modules']): readonly Dispatch['modules'][];
  hashOf(text: string): string;
}

const ROOT = resolve(import.meta.dirname, '..');
const GOLDEN = join(ROOT, 'test/golden/shaders');
const script = (await import(pathToFileURL(join(ROOT, 'scripts/shaders.mjs')).href)) as ShaderScript;
const texts = await script.linkShaders();
const linked = script.joinedShaders(texts);

/** The key of a linked variant. */
function variantName({ shader, modules }: Pick<Dispatch, 'shader' | 'modules'>): string {
  return [shader, ...Object.values(modules)].join('.');
}

const GOLDEN_HINT = 'if the change is meant: node scripts/shaders.mjs --golden';

describe('linked shaders', () => {
  it.each(Object.entries(texts.kernels))('%s is the golden text', (kernel, { text }) => {
    expect(text, GOLDEN_HINT).toBe(readFileSync(join(GOLDEN, `${kernel}.wgsl`), 'utf8'));
  });

  it('have the golden hash as the device joins them, every variant', () => {
    const hashes = Object.entries(texts.kernels).flatMap(([shader, kernel]) =>
      script
        .choicesOf(kernel, texts.modules)
        .map((modules) => [variantName({ shader, modules }), script.hashOf(shaderText(texts, shader, modules) ?? '')]),
    );
    const golden: unknown = JSON.parse(readFileSync(join(GOLDEN, 'hashes.json'), 'utf8'));
    expect(Object.fromEntries(hashes), GOLDEN_HINT).toEqual(golden);
  });

  it('have no golden text of a kernel that is gone', () => {
    const files = readdirSync(GOLDEN).filter((file) => file.endsWith('.wgsl'));
    expect(files.sort()).toEqual(
      Object.keys(texts.kernels)
        .map((kernel) => `${kernel}.wgsl`)
        .sort(),
    );
  });

  it('exist for every block format and KV type', () => {
    const modules = (kernel: string): string[] =>
      [...linked.keys()].filter((key) => key.startsWith(`${kernel}.`)).map((key) => key.slice(kernel.length + 1));
    const quants = QUANT_FORMATS.map((format) => format.module).sort();
    for (const kernel of ['embed', 'embed_norm', 'matvec_rows', 'matmul', 'expert_matvec'])
      expect(modules(kernel).sort()).toEqual(quants);
    for (const kernel of ['rope_kv', 'attention']) expect(modules(kernel).sort()).toEqual([...KV_TYPES].sort());
    const pairs = quants.flatMap((quant) => ['f16', 'f32'].map((kv) => `${quant}.${kv}`));
    for (const variant of MATVEC_VARIANTS) expect(modules(`qkv_${variant}`).sort()).toEqual(pairs.sort());
    const bytes = QUANT_FORMATS.filter(({ inBytes }) => inBytes).map((format) => format.module);
    for (const kernel of ['matvec_int8', 'matvec_f16']) expect(modules(kernel).sort()).toEqual(bytes.sort());
  });
});

describe('kernels with f16', () => {
  const halves = Object.keys(texts.kernels).filter((kernel) => kernel.endsWith('_f16'));

  it('are those that enable it, and no module has it', () => {
    expect(halves.sort()).toEqual(['matvec_f16', 'qkv_f16']);
    for (const [kernel, { text }] of Object.entries(texts.kernels)) {
      expect(text.startsWith('enable f16;\n')).toBe(halves.includes(kernel));
      expect(/\bf16\b(?!`)/.test(text.replace(/\/\/.*/g, ''))).toBe(halves.includes(kernel));
    }
    for (const text of Object.values(texts.modules).flatMap((of) => Object.values(of)))
      expect(text.replace(/\/\/.*/g, '')).not.toMatch(/\bf16\b/);
  });

  it('have twins that differ in the lines of the type alone', () => {
    expect(Object.keys(texts.twins).sort()).toEqual(halves);
    for (const kernel of halves) {
      const code = (of: KernelText | undefined): string => (of?.text ?? '').replace(/^\/\/.*\n/gm, '');
      const inF32 = code(texts.kernels[kernel])
        .replace('enable f16;\n\n', '')
        .replace('vec4<f16>', 'vec4f')
        .replace('return Halves(v);', 'return quantizeToF16(v);')
        .replace('bitcast<Halves>(pairs)', 'Halves(unpack2x16float(pairs.x), unpack2x16float(pairs.y))');
      expect(code(texts.twins[kernel])).toBe(inF32);
    }
  });
});

describe('joining a kernel with a module', () => {
  const kernel = texts.kernels.matvec_rows?.text ?? '';
  const check = (module: string): void => script.checkJoinable({ matvec_rows: kernel, 'quant/new': module });
  const dequant = 'fn dequant32(unit: u32, plane: u32) -> array<vec4f, 8> {\n  return array<vec4f, 8>();\n}\n';

  it('leaves no stub in the kernel', () => {
    for (const { takes, text } of Object.values(texts.kernels)) {
      expect(text).not.toMatch(
        /^(?:fn|struct|const) (dequant32|dequant_unit|group_words|Words|GROUP_UNITS|byte_unit|ByteUnit|load4|store2|store4)\b/m,
      );
      for (const name of Object.values(takes).flat()) expect(text).toMatch(new RegExp(`\\b${name}\\b`));
    }
    expect(texts.kernels['glu']?.takes).toEqual({});
    expect(Object.entries(texts.kernels['qkv_rows']?.takes ?? {})).toEqual([
      ['quant', ['GROUP_UNITS', 'group_words', 'dequant_unit']],
      ['kv', ['store2']],
    ]);
  });

  it('is not possible where both declare a name', () => {
    expect(() => check(dequant)).not.toThrow();
    for (const other of [
      'fn activate(v: f32) -> f32 {',
      'struct Params {',
      '@group(0) @binding(2) var<storage, read> x: array<u32>;',
      'const GELU: u32 = 1u;',
      'override EPILOGUE: u32 = 0u;',
    ]) {
      expect(() => check(`${other}\n${dequant}`), other).toThrow('matvec_rows and quant/new both declare');
    }
  });

  it('is not possible where two modules declare a name', () => {
    const other = 'fn values() {\n}\n';
    expect(() => script.checkJoinable({ kernel: '', 'quant/a': other, 'kv/b': dequant })).not.toThrow();
    expect(() => script.checkJoinable({ kernel: '', 'quant/a': other, 'kv/b': dequant + other })).toThrow(
      'quant/a and kv/b both declare values',
    );
  });

  it('takes the modules that have what the kernel calls', () => {
    const modules = { quant: { a: dequant, b: 'fn values() {\n}\n' }, kv: { c: 'fn store2() {\n}\n', d: dequant } };
    const takes = { quant: ['dequant32'], kv: ['store2'] };
    expect(script.choicesOf({ takes }, modules)).toEqual([{ quant: 'a', kv: 'c' }]);
    expect(script.choicesOf({ takes: {} }, modules)).toEqual([{}]);
  });

  it('gives nothing for a pair that does not exist', () => {
    expect(shaderText(texts, 'matvec_rows', { quant: 'q4_0' })).not.toBeNull();
    expect(shaderText(texts, 'matvec_rows', { quant: 'q9_9' })).toBeNull();
    expect(shaderText(texts, 'matvec_rows', { kv: 'f16' })).toBeNull();
    expect(shaderText(texts, 'matvec_rows', { quant: 'q4_0', kv: 'f16' })).toBeNull();
    expect(shaderText(texts, 'matvec_rows', {})).toBeNull();
    expect(shaderText(texts, 'qkv_rows', { quant: 'q4_0' })).toBeNull();
    expect(shaderText(texts, 'glu', { quant: 'q4_0' })).toBeNull();
    expect(shaderText(texts, 'gluten', {})).toBeNull();
  });
});

describe('the header comment of a kernel', () => {
  const folder = join(ROOT, 'shaders/ops');
  it.each(readdirSync(folder))('%s says what, the shapes and the grid', (file) => {
    const header = readFileSync(join(folder, file), 'utf8').split(/^(?!\/\/)/m)[0] ?? '';
    expect(header).toMatch(/^\/\/ grid: \(.+\)$/m);
    expect(header).toMatch(/\[[^\]]+ × [^\]]+\]/);
  });
});

/** A kernel as src/kernels calls it: a dispatch for each module it is linked with. */
interface Caller {
  readonly params: { decode(words: Uint32Array): Readonly<Record<string, number>> };
  readonly dispatches: readonly Dispatch[];
}

let made = 0;
const buffer = (): DeviceBuffer => ({ label: `buffer ${made++}`, sizeBytes: 4 });
const kvLayer = (type: KvType): KvLayer => ({
  buffer: buffer(),
  type,
  kvHeads: 1,
  headSize: 64,
  blocks: 1,
  pool: 'all',
});
const matrices = QUANT_FORMATS.map((format) => ({ buffer: buffer(), format, rows: 64, columns: 64 }));
/** Of one head of 64, and its key and value. */
const qkvMatrices = matrices.map((matrix) => ({ ...matrix, rows: 3 * 64 }));
const candidateArgs = { logits: buffer(), size: 5000, scratch: [buffer(), buffer()] as const };
const linearArgs = matrices.map((weights) => ({
  weights,
  x: buffer(),
  y: buffer(),
  yStride: 64,
  epilogue: 'add' as const,
}));

const CALLERS: Readonly<Record<Dispatch['kernel'], Caller>> = {
  embed: {
    params: embedParams,
    dispatches: matrices.map((weights) => embed({ weights, sampled: buffer(), y: buffer(), scale: 1 })),
  },
  embed_norm: {
    params: embedNormParams,
    dispatches: matrices.map((weights) =>
      embedNorm({ weights, sampled: buffer(), y: buffer(), scale: 1, norm: buffer(), normed: buffer(), epsilon: 1 }),
    ),
  },
  rmsnorm: {
    params: rmsnormParams,
    dispatches: [rmsnorm({ x: buffer(), weight: buffer(), y: buffer(), hidden: 64, epsilon: 1 })],
  },
  matvec: {
    params: matvecParams,
    dispatches: linearArgs.flatMap((args) => MATVEC_VARIANTS.map((variant) => matvec({ ...args, variant }))),
  },
  qkv: {
    params: qkvParams,
    dispatches: (['f16', 'f32'] as const).flatMap((type) =>
      MATVEC_VARIANTS.flatMap((variant) =>
        qkvMatrices.map((weights) =>
          qkv({ weights, x: buffer(), q: buffer(), kv: kvLayer(type), heads: 1, pairs: 2, table: 0, variant }),
        ),
      ),
    ),
  },
  matmul: {
    params: linearParams,
    dispatches: linearArgs.flatMap((args) => CHUNK_WIDTHS.map((width) => matmul({ ...args, width }))),
  },
  glu: { params: gluParams, dispatches: [glu({ x: buffer(), y: buffer(), size: 64 })] },
  route: {
    params: routeParams,
    dispatches: [route({ logits: buffer(), routes: buffer(), experts: 8, used: 2, scale: 1 })],
  },
  expert_matvec: {
    params: expertMatvecParams,
    dispatches: linearArgs.map((args) =>
      expertMatvec({ ...args, experts: 8, used: 2, routes: buffer(), biases: [], variant: 'lanes' }),
    ),
  },
  rope_kv: {
    params: ropeKvParams,
    dispatches: KV_TYPES.map((type) =>
      ropeKv({ qkv: buffer(), q: buffer(), kv: kvLayer(type), heads: 1, pairs: 2, table: 0, pairing: 'halves' }),
    ),
  },
  attention: {
    params: attentionParams,
    dispatches: KV_TYPES.map((type) => attention({ q: buffer(), y: buffer(), kv: kvLayer(type), heads: 1, scale: 1 })),
  },
  attention_merge: {
    params: attentionMergeParams,
    dispatches: [attentionMerge({ y: buffer(), kv: kvLayer('f16'), heads: 1, rangeTokens: 256, parts: { rows: 1 } })],
  },
  keep_tokens: { params: keepTokensParams, dispatches: [keepTokens({ text: buffer(), sampled: buffer() })] },
  penalise: {
    params: penaliseParams,
    dispatches: [penalise({ ...candidateArgs, sampled: buffer(), text: buffer() })],
  },
  argmax: { params: argmaxParams, dispatches: argmax({ ...candidateArgs, sampled: buffer() }).dispatches },
  topk_chunks: { params: topkParams, dispatches: topk(candidateArgs).dispatches.slice(0, 1) },
  topk_winners: { params: topkParams, dispatches: topk(candidateArgs).dispatches.slice(1, 2) },
  topk: { params: topkParams, dispatches: topk(candidateArgs).dispatches.slice(2) },
  sample: { params: sampleParams, dispatches: sample({ ...candidateArgs, sampled: buffer() }).dispatches.slice(3) },
  head_norm: {
    params: headNormParams,
    dispatches: [headNorm({ x: buffer(), weight: buffer(), stride: 64, offset: 0, segments: 2, size: 32, epsilon: 1 })],
  },
  add_bias: {
    params: addBiasParams,
    dispatches: [addBias({ x: buffer(), bias: buffer(), size: 64, stride: 64, offset: 0 })],
  },
  layernorm: {
    params: layernormParams,
    dispatches: [layernorm({ x: buffer(), weight: buffer(), bias: buffer(), hidden: 64, epsilon: 1 })],
  },
  activation: { params: activationParams, dispatches: [activate({ x: buffer(), size: 64, activation: 'gelu' })] },
  pool: { params: poolParams, dispatches: [pool({ x: buffer(), y: buffer(), hidden: 64, pooling: 'mean' })] },
  relayout: {
    params: relayoutParams,
    dispatches: [relayout({ source: buffer(), planes: buffer(), format: { blockBytes: 34, side: null }, record: 0 })],
  },
  softcap: { params: softcapParams, dispatches: [softcap({ x: buffer(), size: 64, cap: 30 })] },
};

/** The linked text that a dispatch runs. */
function textOf(dispatch: Dispatch): string {
  const text = linked.get(variantName(dispatch));
  if (text === undefined) throw new Error(`no shader ${variantName(dispatch)}`);
  return text;
}

const reflected = new Map<string, WgslReflect>();

/** What a shader declares, read once for all tests of it. */
function reflect(dispatch: Dispatch): WgslReflect {
  const name = variantName(dispatch);
  // The parser takes `block` for a keyword, which WGSL does not.
  const known = reflected.get(name) ?? new WgslReflect(textOf(dispatch).replace(/\bblock\b/g, 'kv_block'));
  reflected.set(name, known);
  return known;
}

function camelCase(name: string): string {
  return name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

describe.each(Object.entries(CALLERS))('src/kernels and the shaders of %s agree', (kernel, { params, dispatches }) => {
  const shaders = new Map(dispatches.map((dispatch) => [variantName(dispatch), dispatch]));

  it.each([...shaders])('%s: bindings and what may be written', (_name, dispatch) => {
    expect(dispatch.kernel).toBe(kernel);
    const groups = reflect(dispatch).getBindGroups();
    expect(groups.length).toBe(1);
    const bindings = (groups[0] ?? []).filter((binding) => binding !== undefined);
    const storage = bindings.filter(({ binding }) => binding >= 2);
    const uses = dispatch.buffers.map(({ access }, i) => ({ binding: 2 + i, access }));
    expect(storage.map(({ binding, access }) => ({ binding, access: access === 'read' ? 'read' : 'write' }))).toEqual(
      uses,
    );
    expect(bindings.find(({ binding }) => binding === 0)?.name).toBe('params');
    // The step's input, where the kernel reads it.
    for (const { name, access } of bindings.filter(({ binding }) => binding === 1)) {
      expect([name, access]).toEqual(['step', 'read']);
    }
  });

  it.each([...shaders])('%s: the fields of Params', (_name, dispatch) => {
    const struct = reflect(dispatch).structs.find(({ name }) => name === 'Params');
    const members = struct?.members ?? [];
    expect(dispatch.params.length).toBe(members.length);
    // A word of each field's type: the layout must read it back under the same name.
    const words = new DataView(new ArrayBuffer(members.length * 4));
    const fields = members.map(({ name, offset, type }, i) => {
      expect(offset).toBe(i * 4);
      if (type.name === 'f32') words.setFloat32(offset, i + 0.5, true);
      else words.setUint32(offset, i + 1, true);
      return [camelCase(name), type.name === 'f32' ? i + 0.5 : i + 1];
    });
    expect(Object.entries(params.decode(new Uint32Array(words.buffer)))).toEqual(fields);
  });

  it.each([...shaders])('%s: constants and the entry point', (_name, dispatch) => {
    const shader = reflect(dispatch);
    expect(shader.entry.compute.map(({ name }) => name)).toEqual(['main']);
    const overrides = shader.overrides.map(({ name }) => name);
    expect(overrides).toEqual(expect.arrayContaining(Object.keys(dispatch.constants)));
    expect(textOf(dispatch).includes('enable subgroups')).toBe(dispatch.shader.endsWith('_subgroup'));
  });
});
