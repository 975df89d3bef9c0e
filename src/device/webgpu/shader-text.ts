/** A linked kernel, without the functions of the module that it takes. */
export interface KernelText {
  readonly takes: ModuleKind | null;
  readonly text: string;
}

/** What a module is: a block format, or a type of KV cache. */
export type ModuleKind = 'quant' | 'kv';

/** All linked WGSL; made by scripts/shaders.mjs, which has proven that every pair can be joined. */
export interface ShaderTexts {
  readonly kernels: Readonly<Record<string, KernelText>>;
  readonly modules: Readonly<Record<ModuleKind, Readonly<Record<string, string>>>>;
}

/** The whole text of a kernel with its module ('' where it takes none); `null` when there is no such pair. */
export function shaderText(texts: ShaderTexts, shader: string, module: string): string | null {
  const kernel = texts.kernels[shader];
  if (kernel === undefined) return null;
  if (kernel.takes === null) return module === '' ? kernel.text : null;
  const moduleText = texts.modules[kernel.takes][module];
  return moduleText === undefined ? null : `${kernel.text}\n${moduleText}`;
}
