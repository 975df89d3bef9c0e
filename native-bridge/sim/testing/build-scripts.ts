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
  readonly KERNELS_FOLDER: string;
  readonly SIMULATOR_FOLDER: string;
  /** The names of a unit's files of ops/. */
  opsOf(unit: string, folder?: string): Promise<readonly string[]>;
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
    /** For the simulator: for `linkSimulated`. */
    readonly isPart?: boolean;
  }): Promise<void>;
  linkSimulated(what: {
    readonly clang: string;
    readonly lld: string;
    readonly parts: readonly string[];
    readonly output: string;
  }): Promise<void>;
  compileSimulator(what: { readonly clang: string; readonly output: string }): Promise<void>;
}

interface ObjectName {
  readonly target: string;
  readonly unit: string;
}

interface HipCheck {
  /** Makes them anew, of `text` if given. Returns how they differ from the published ones, and what must not be in them, a line each. */
  compareObjects(names: readonly ObjectName[], signal: AbortSignal, text?: string): Promise<readonly string[]>;
}

const SCRIPTS = resolve(import.meta.dirname, '../../../scripts/lib');

/** Scripts are plain JavaScript, which the compiler does not read. */
async function script<T>(name: string): Promise<T> {
  return (await import(pathToFileURL(join(SCRIPTS, name)).href)) as T;
}

export async function hipBuild(): Promise<HipBuild> {
  return await script('hip-build.mjs');
}

export async function hipCheck(): Promise<HipCheck> {
  return await script('hip-check.mjs');
}

/** The compiler, installed where that may be done; a test without it fails, and says what to install. */
export async function clang(): Promise<Clang> {
  const found = await script<{ ensureClang(signal: AbortSignal): Promise<Clang> }>('clang.mjs');
  return await found.ensureClang(new AbortController().signal);
}
