import { basename } from 'node:path';
import type * as KoffiModule from 'koffi';
import { ForgelightError } from '../../src/base/errors';

/** Of ROCm 7, 6 and 5; the bare name is a developer's link. */
const NAMES = {
  linux: ['libamdhip64.so.7', 'libamdhip64.so.6', 'libamdhip64.so.5', 'libamdhip64.so'],
  win32: ['amdhip64_7.dll', 'amdhip64_6.dll', 'amdhip64.dll'],
} as const;

/** What a library that is open offers. Owned by the process: libraries of GPU drivers do not survive being closed. */
export interface OpenLibrary {
  readonly path: string;
  /** The C function; `null` where the library has none of that name. */
  func(name: string, result: string, args: readonly string[]): ((...args: readonly unknown[]) => unknown) | null;
  /** The memory of a pointer. */
  view(pointer: bigint, sizeBytes: number): ArrayBuffer;
  /** Where memory that a pointer is needed of lies. The caller keeps it alive. */
  address(memory: ArrayBufferView): bigint;
}

/** Where libraries of AMD's runtime may be, in the order in which they are tried. */
export function libraryNames(env: NodeJS.ProcessEnv, platform: NodeJS.Platform): readonly string[] {
  const chosen = env['FORGELIGHT_HIP_LIBRARY'];
  if (chosen !== undefined && chosen !== '') return [chosen];
  if (platform !== 'linux' && platform !== 'win32') return [];
  const names: readonly string[] = NAMES[platform];
  const root = env['ROCM_PATH'];
  if (platform === 'win32' || root === undefined || root === '') return names;
  return [...names, ...names.map((name) => `${root}/lib/${name}`)];
}

/**
 * Loads AMD's runtime: `FORGELIGHT_HIP_LIBRARY`, else by its names where the system looks for libraries. Throws `no-adapter` where there is none.
 */
export async function openHipLibrary(env: NodeJS.ProcessEnv, platform: NodeJS.Platform): Promise<OpenLibrary> {
  const names = libraryNames(env, platform);
  if (names.length === 0) {
    throw new ForgelightError(
      'no-adapter',
      'AMD’s HIP runtime exists for Linux and Windows alone. Use the browser’s own WebGPU here.',
    );
  }
  const koffi = await loadKoffi();
  const failures: string[] = [];
  for (const path of names) {
    try {
      return opened(koffi, path);
    } catch (error) {
      failures.push(`${basename(path)}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  throw new ForgelightError(
    'no-adapter',
    `AMD’s HIP runtime is not installed here (${failures.join('; ')}). Install it (on Linux the package hip-runtime-amd or rocm-hip-runtime, on Windows AMD’s driver), or set FORGELIGHT_HIP_LIBRARY to the library.`,
  );
}

type Koffi = typeof KoffiModule;

async function loadKoffi(): Promise<Koffi> {
  try {
    return await import('koffi');
  } catch (cause) {
    throw new ForgelightError(
      'no-adapter',
      'The package koffi, through which the HIP runtime is called, is not installed: it is optional, and has no build for every system. Install it beside forgelight: npm install koffi.',
      { cause },
    );
  }
}

function opened(koffi: Koffi, path: string): OpenLibrary {
  const library = koffi.load(path);
  return {
    path,
    func(name, result, args) {
      try {
        return library.func(name, result, [...args]);
      } catch {
        return null;
      }
    },
    view: (pointer, sizeBytes) => koffi.view(pointer, sizeBytes),
    address: (memory) => koffi.address(memory),
  };
}
