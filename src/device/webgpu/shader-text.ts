import { assert } from '../../base/assert';
import type { Dispatch, ModuleKind } from '../plan';

/** What kernels are joined with: what a dispatch says, and how threads read what all of them need, which depends on the adapter. */
export type JoinedKind = ModuleKind | 'reads';

/** A linked kernel, without the functions of the modules that it takes. */
export interface KernelText {
  /** What it calls of a module of each kind; in the order in which they are joined. */
  readonly takes: Readonly<Partial<Record<JoinedKind, readonly string[]>>>;
  readonly text: string;
}

/** All linked WGSL; made by scripts/shaders.mjs, which has proven that what has the functions can be joined. */
export interface ShaderTexts {
  readonly kernels: Readonly<Record<string, KernelText>>;
  readonly modules: Readonly<Record<JoinedKind, Readonly<Record<string, string>>>>;
}

/** The whole text of a kernel with its modules; `null` when it takes no such ones, or others too. */
export function shaderText(
  texts: ShaderTexts,
  shader: string,
  modules: Readonly<Partial<Record<JoinedKind, string>>>,
): string | null {
  const kernel = texts.kernels[shader];
  if (kernel === undefined) return null;
  const kinds = Object.keys(kernel.takes) as JoinedKind[];
  if (kinds.length !== Object.keys(modules).length) return null;
  const parts = kinds.map((kind) => texts.modules[kind][modules[kind] ?? ''] ?? null);
  return parts.includes(null) ? null : enabledFirst([kernel.text, ...parts].join('\n'));
}

const DIRECTIVE = /^enable \w+;\n/gm;

/** `text` with its directives before all else, where WGSL wants them. */
function enabledFirst(text: string): string {
  return [...(text.match(DIRECTIVE) ?? []), text.replace(DIRECTIVE, '')].join('');
}

/** An override of a linked text: its name, and the value where none is given. */
const OVERRIDE = /^override (\w+): u32 = ([^;]+);/gm;

/**
 * A text with its overrides as constants of these values, or of their defaults. WebGPU could do that when it makes the pipeline, but naga
 * (Firefox, wgpu) panics over overrides that are made of others.
 */
export function withConstants(text: string, constants: Dispatch['constants']): string {
  const unused = new Map(Object.entries(constants));
  const specialised = text.replace(OVERRIDE, (_, name: string, fallback: string) => {
    const value = unused.get(name);
    if (value === undefined) return `const ${name}: u32 = ${fallback};`;
    assert(Number.isInteger(value) && value >= 0 && value < 2 ** 32, `${name} is a u32, not ${value}`);
    unused.delete(name);
    return `const ${name}: u32 = ${value}u;`;
  });
  assert(unused.size === 0, `the shader has the constants ${[...unused.keys()].join(', ')}`);
  return specialised;
}
