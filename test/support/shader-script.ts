import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { KernelText, ShaderTexts, shaderText } from '../../src/device/webgpu/shader-text';

/** What a kernel is joined with. */
export type Modules = Parameters<typeof shaderText>[2];

/** scripts/shaders.mjs */
interface ShaderScript {
  linkShaders(): Promise<ShaderTexts & { readonly twins: ShaderTexts['kernels'] }>;
  joinedShaders(linked: ShaderTexts): Map<string, string>;
  checkJoinable(texts: Readonly<Record<string, string>>): void;
  choicesOf(kernel: Pick<KernelText, 'takes'>, modules: ShaderTexts['modules']): readonly Modules[];
  hashOf(text: string): string;
}

const ROOT = resolve(import.meta.dirname, '../..');
export const script = (await import(pathToFileURL(join(ROOT, 'scripts/shaders.mjs')).href)) as ShaderScript;
/** The shaders as they are now, not as they were generated. */
export const texts = await script.linkShaders();
