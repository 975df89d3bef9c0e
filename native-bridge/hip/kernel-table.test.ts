import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { SHADERS } from '../../src/device/webgpu/shaders.generated';
import { shaderText } from '../../src/device/webgpu/shader-text';
import { QUANT_FORMATS } from '../../src/quant/registry';
import type { KernelManifest } from './code-objects';
import { KERNEL_TABLE, type KernelConstant, type KernelEntry } from './kernel-table';
import { instanceNames } from './testing/instance-names';

const KERNELS = resolve(import.meta.dirname, '../kernels');
/** Not ported: halves (`shaderF16` of the device is false), and what is for software adapters alone. */
const SHADER_NAMES = Object.keys(SHADERS.kernels).filter((name) => !name.endsWith('_f16') && name !== 'matmul_rows');

/** Without an instruction for products of bytes. */
const WITHOUT_DOT = ['gfx1010'];

/** A file of the kernels with all that it includes. */
function withIncludes(path: string, seen = new Set<string>()): string {
  if (seen.has(path)) return '';
  seen.add(path);
  const text = readFileSync(path, 'utf8');
  const included = [...text.matchAll(/^#include "([^"]+)"/gm)].map(([, name = '']) =>
    withIncludes(join(dirname(path), name), seen),
  );
  return [...included, text].join('\n');
}

function withoutComments(text: string): string {
  return text.replaceAll(/\/\/.*$/gm, '').replaceAll(/\/\*[\s\S]*?\*\//g, '');
}

interface HipKernel {
  readonly text: string;
  /** Type and name of each: parameters, the step's input, the bindings from 2 on, constants. */
  readonly arguments: readonly string[];
  /** Their names, and the threads of a workgroup. */
  readonly instances: ReadonlyMap<string, number>;
  /** `type name` of the fields of a struct, those of what it extends first. */
  fieldsOf(struct: string): readonly string[];
}

function hipKernel(shader: string): HipKernel {
  const path = join(KERNELS, 'ops', `${shader}.hip`);
  const own = withoutComments(readFileSync(path, 'utf8')).replaceAll(/\\\n/g, ' ');
  const text = withoutComments(withIncludes(path));
  const fieldsOf = (struct: string): readonly string[] => {
    const found = new RegExp(`struct ${struct}(?: : (\\w+))? \\{([^}]*)\\}`).exec(text);
    if (found === null) throw new Error(`${shader}.hip has a struct ${struct}`);
    const [, base, fields = ''] = found;
    const own = fields.split(';').map((field) => field.trim());
    return [...(base === undefined ? [] : fieldsOf(base)), ...own.filter((field) => field !== '')];
  };
  const list = /#define ARGUMENTS +(.*)/.exec(own)?.[1] ?? '';
  return {
    text: own,
    arguments: list.split(',').map((one) => one.trim().replaceAll(/\s+/g, ' ')),
    instances: new Map(
      [...own.matchAll(/^KERNEL(?:_OF)?\((?:(\d+)u, )?(\w+),/gm)].map(([, threads = '64', name = '']) => [
        name,
        Number(threads),
      ]),
    ),
    fieldsOf,
  };
}

/** The shader's linked text, with a block format, a KV type and a way of reading where it takes them. */
function wgsl(shader: string): string {
  const takes = SHADERS.kernels[shader]?.takes ?? {};
  const modules = {
    ...(takes.quant && { quant: 'q8_0' }),
    ...(takes.kv && { kv: 'f16' }),
    ...(takes.reads && { reads: 'each' }),
  };
  return withoutComments(shaderText(SHADERS, shader, modules) ?? '');
}

const WORDS: Readonly<Record<string, string>> = {
  wordsOf: 'KV_WORDS',
  'grid-x': 'GRID_X',
  'grid-z': 'GRID_Z',
  'kv-type': 'KV_TYPE',
};

function constantName(constant: KernelConstant): string {
  if (typeof constant === 'string') return WORDS[constant] ?? '';
  return 'wordsOf' in constant ? 'KV_WORDS' : constant.name;
}

describe('the HIP kernels mirror the shaders', () => {
  it('one by one', () => {
    const files = readdirSync(join(KERNELS, 'ops')).map((file) => file.slice(0, -'.hip'.length));
    expect(files.sort()).toEqual([...SHADER_NAMES].sort());
    expect(Object.keys(KERNEL_TABLE).sort()).toEqual([...SHADER_NAMES].sort());
  });

  it.each(SHADER_NAMES)('%s: parameters, bindings, constants, instances', (shader) => {
    const entry = KERNEL_TABLE[shader];
    if (entry === undefined) throw new Error(`${shader} has a line in the table`);
    const kernel = hipKernel(shader);
    const text = wgsl(shader);

    const [params = '', step, ...rest] = kernel.arguments;
    const fields = /struct \w*Params\w* \{([^}]*)\}/.exec(text)?.[1] ?? '';
    const wanted = [...fields.matchAll(/(\w+): (\w+)/g)].map(([, name, type]) => `${type} ${name}`);
    expect(kernel.fieldsOf(params.split(' ')[0] ?? '')).toEqual(wanted);
    expect(step).toBe('IN(u32) step');

    const buffers = rest.filter((argument) => /^(?:IN|OUT)\(/.test(argument));
    const bindings = [...text.matchAll(/@binding\((\d+)\) var<storage, (\w+)> \w+: array<(?:vec\d\w|\w+)>/g)];
    expect(bindings.length).toBeGreaterThan(0);
    for (const [declaration, number, access] of bindings) {
      const at = Number(number) - 2;
      if (at < 0) continue;
      // One declaration serves all users of the cache; attention only reads it.
      const reads = access === 'read' || (shader === 'attention' && at === 2);
      const type = /array<([^>]+)>/.exec(declaration)?.[1];
      expect(buffers[at], declaration).toMatch(new RegExp(`^${reads ? 'IN' : 'OUT'}\\(${type}\\) `));
    }

    const names = entry.constants.map((constant) => `u32 ${constantName(constant)}`);
    const struct = rest.slice(buffers.length);
    expect(struct.length).toBe(names.length === 0 ? 0 : 1);
    for (const constants of struct) expect(kernel.fieldsOf(constants.split(' ')[0] ?? '')).toEqual(names);
    // Whatever a pipeline may be told, other than how its threads are shared out, the kernel is told.
    const overrides = [...text.matchAll(/override (\w+): u32 = \d+u;/g)].map(([, name = '']) => name);
    const templates = [...kernel.text.matchAll(/template <([^>]*)>/g)].map(([, list = '']) => `, ${list}`).join('');
    const fixed = [...`${kernel.text} ${templates}`.matchAll(/(?:constexpr|,) u32 (\w+)/g)].map(
      ([, name = '']) => name,
    );
    const told = [...names.map((name) => name.slice('u32 '.length)), ...fixed, 'THREADS', 'LANES'];
    expect(told).toEqual(expect.arrayContaining(overrides));

    expect([...kernel.instances.keys()]).toEqual(instanceNames(shader, entry));
    expect(entry.object).toBe(SHADERS.kernels[shader]?.takes.quant === undefined ? 'core' : 'format');
  });
});

/** What a launch gives and hands over: threads, then bytes by value, buffers (the step's input first), and the constants, if there are any. */
function launchText(shader: string, instance: string): string {
  const kernel = hipKernel(shader);
  const list = kernel.arguments;
  const bytes = (argument = ''): string => String(4 * kernel.fieldsOf(argument.split(' ')[0] ?? '').length);
  const buffers = list.filter((argument) => /^(?:IN|OUT)\(/.test(argument));
  const constants = list.slice(1 + buffers.length);
  const handed = [bytes(list[0]), `${buffers.length} buffers`, ...constants.map(bytes)].join(', ');
  return `${kernel.instances.get(instance)} threads: ${handed}`;
}

/** Of a code object: its kernels and their arguments. `inBytes`: its format has kernels whose activations are bytes too. */
function kernelsOf(object: KernelEntry['object'], inBytes: boolean): Readonly<Record<string, string>> {
  const entries = Object.entries(KERNEL_TABLE).filter(
    ([shader, entry]) => entry.object === object && (inBytes || !shader.endsWith('_int8')),
  );
  return Object.fromEntries(
    entries.flatMap(([shader, entry]) => instanceNames(shader, entry).map((name) => [name, launchText(shader, name)])),
  );
}

describe('the code objects of every GPU, as the manifest has them', () => {
  const { facts, inside, objects } = JSON.parse(readFileSync(join(KERNELS, 'manifest.json'), 'utf8')) as KernelManifest;
  const units = [
    { unit: 'core', inBytes: false, kernels: kernelsOf('core', false) },
    ...QUANT_FORMATS.map(({ module, inBytes }) => ({ unit: module, inBytes, kernels: kernelsOf('format', inBytes) })),
  ];

  it.each(Object.keys(objects))(
    '%s: nothing spills, bytes are multiplied four at once, arguments lie where the launcher puts them',
    (target) => {
      for (const { unit, inBytes, kernels } of units) {
        const hasDot = inBytes && !WITHOUT_DOT.includes(target);
        expect(facts[inside[target]?.[unit] ?? ''], `${target}/${unit}`).toEqual({
          spills: 0,
          privateBytes: 0,
          dot: hasDot ? expect.stringMatching(/^v_dot4c?_i32_iu?8/) : '',
          anyMemory: '',
          kernels,
        });
      }
    },
  );
});
