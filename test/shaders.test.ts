import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { WgslReflect } from 'wgsl_reflect/wgsl_reflect.module.js';
import type { DeviceBuffer } from '../src/device/device';
import type { Dispatch } from '../src/device/plan';
import { shaderText, type KernelText } from '../src/device/webgpu/shader-text';
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
import { script, texts, type Modules } from './support/shader-script';

const ROOT = resolve(import.meta.dirname, '..');
const GOLDEN = join(ROOT, 'test/golden/shaders');
const linked = script.joinedShaders(texts);

/** The key of a linked variant. */
function variantName({ shader, modules }: { readonly shader: string; readonly modules: Modules }): string {
  return [shader, ...Object.values(modules)].join('.');
}

/** How threads read what all of them need. */
const WAYS = ['each', 'quad'];

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
    for (const kernel of ['embed', 'embed_norm', 'matvec_lanes', 'matmul', 'expert_matvec'])
      expect(modules(kernel).sort()).toEqual(quants);
    for (const kernel of ['matvec_rows', 'matmul_rows'])
      expect(modules(kernel).sort()).toEqual(quants.flatMap((quant) => WAYS.map((way) => `${quant}.${way}`)).sort());
    expect(modules('rope_kv').sort()).toEqual([...KV_TYPES].sort());
    expect(modules('attention').sort()).toEqual(KV_TYPES.flatMap((kv) => WAYS.map((way) => `${kv}.${way}`)).sort());
    const pairs = quants.flatMap((quant) => ['f16', 'f32'].map((kv) => `${quant}.${kv}`));
    for (const variant of ['lanes', 'subgroup']) expect(modules(`qkv_${variant}`).sort()).toEqual(pairs.sort());
    expect(modules('qkv_rows').sort()).toEqual(pairs.flatMap((pair) => WAYS.map((way) => `${pair}.${way}`)).sort());
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

/** A linked text that a dispatch may run. */
interface Variant {
  readonly name: string;
  readonly dispatch: Dispatch;
}

/** Those of a dispatch: one, or one for each way of reading. */
function variantsOf(dispatch: Dispatch): readonly Variant[] {
  const { shader, modules } = dispatch;
  const takesReads = texts.kernels[shader]?.takes.reads !== undefined;
  const all = takesReads ? WAYS.map((reads) => ({ ...modules, reads })) : [modules];
  return all.map((joined) => ({ name: variantName({ shader, modules: joined }), dispatch }));
}

function textOf({ name }: Variant): string {
  const text = linked.get(name);
  if (text === undefined) throw new Error(`no shader ${name}`);
  return text;
}

const reflected = new Map<string, WgslReflect>();

/** What a shader declares, read once for all tests of it. */
function reflect(variant: Variant): WgslReflect {
  const { name } = variant;
  // The parser takes `block` for a keyword, which WGSL does not.
  const known = reflected.get(name) ?? new WgslReflect(textOf(variant).replace(/\bblock\b/g, 'kv_block'));
  reflected.set(name, known);
  return known;
}

function camelCase(name: string): string {
  return name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

describe.each(Object.entries(CALLERS))('src/kernels and the shaders of %s agree', (kernel, { params, dispatches }) => {
  const shaders = new Map(dispatches.flatMap(variantsOf).map((variant) => [variant.name, variant]));

  it.each([...shaders])('%s: bindings and what may be written', (_name, variant) => {
    const { dispatch } = variant;
    expect(dispatch.kernel).toBe(kernel);
    const [entry] = reflect(variant).entry.compute;
    const bindings = (entry?.resources ?? []).toSorted((a, b) => a.binding - b.binding);
    expect(new Set(bindings.map(({ group }) => group))).toEqual(new Set([0]));
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

  it.each([...shaders])('%s: the fields of Params', (_name, variant) => {
    const { dispatch } = variant;
    const struct = reflect(variant).structs.find(({ name }) => name === 'Params');
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

  it.each([...shaders])('%s: constants and the entry point', (_name, variant) => {
    const { dispatch } = variant;
    const shader = reflect(variant);
    expect(shader.entry.compute.map(({ name }) => name)).toEqual(['main']);
    const overrides = shader.overrides.map(({ name }) => name);
    expect(overrides).toEqual(expect.arrayContaining(Object.keys(dispatch.constants)));
    const usesSubgroups = dispatch.shader.endsWith('_subgroup') || variant.name.endsWith('.quad');
    expect(textOf(variant).startsWith('enable subgroups;\n')).toBe(usesSubgroups);
  });
});
