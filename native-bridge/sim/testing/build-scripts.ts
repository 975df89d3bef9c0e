import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

/** Programs of clang and LLVM. */
export interface Clang {
  readonly clang: string;
  readonly lld: string;
  readonly readelf: string;
  readonly objdump: string;
}

interface HipBuild {
  readonly TARGETS: readonly string[];
  readonly KERNELS_FOLDER: string;
  readonly SIMULATOR_FOLDER: string;
  unitsOf(): Promise<readonly string[]>;
  /** Changes with any text that the unit's kernels of `op` are made of. */
  textHash(what: {
    readonly unit: string;
    readonly op?: string;
    readonly folder?: string;
    readonly simulated: boolean;
  }): Promise<string>;
  compileUnit(what: {
    readonly clang: string;
    readonly unit: string;
    readonly target: string;
    readonly output: string;
    /** Its kernels alone. */
    readonly op?: string;
    /** With the kernels; the project's if not given. */
    readonly folder?: string;
    /** Instead of the unit's own: what is included. */
    readonly text?: string;
  }): Promise<void>;
  compileSimulator(what: { readonly clang: string; readonly output: string }): Promise<void>;
}

/** What a kernel's code object says of it. */
export interface KernelFacts {
  readonly name: string;
  readonly args: readonly { readonly size: number; readonly offset: number; readonly kind: string }[];
}

interface HipInspect {
  kernelFacts(readelf: string, file: string): Promise<readonly KernelFacts[]>;
  /** What must not be, a line each. */
  kernelProblems(kernels: readonly KernelFacts[]): readonly string[];
  /** How often each occurs. */
  instructionsOf(objdump: string, file: string): Promise<ReadonlyMap<string, number>>;
}

const SCRIPTS = resolve(import.meta.dirname, '../../../scripts/lib');

/** Scripts are plain JavaScript, which the compiler does not read. */
async function script<T>(name: string): Promise<T> {
  return (await import(pathToFileURL(join(SCRIPTS, name)).href)) as T;
}

export async function hipBuild(): Promise<HipBuild> {
  return await script('hip-build.mjs');
}

export async function hipInspect(): Promise<HipInspect> {
  return await script('hip-inspect.mjs');
}

/** The compiler, installed where that may be done; a test without it fails, and says what to install. */
export async function clang(): Promise<Clang> {
  const found = await script<{ ensureClang(signal: AbortSignal): Promise<Clang> }>('clang.mjs');
  return await found.ensureClang(new AbortController().signal);
}
