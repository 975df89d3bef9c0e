// Finds the compiler of the HIP kernels, or installs it. Tests and builds of the package need it; users never do.
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { hasApt, installWithApt } from './apt.mjs';
import { SetupError } from './command.mjs';

/** The one version whose code objects have the hashes of native-bridge/kernels/manifest.json. */
const VERSION = 19;
const PACKAGES = [`clang-${VERSION}`, `lld-${VERSION}`, `llvm-${VERSION}`];
/** A program of each package. */
const PROGRAMS = {
  clang: `clang++-${VERSION}`,
  lld: `ld.lld-${VERSION}`,
  readelf: `llvm-readelf-${VERSION}`,
  objdump: `llvm-objdump-${VERSION}`,
};

/** @typedef {Record<keyof typeof PROGRAMS, string>} Clang paths of the programs */

/** @returns {Clang | null} what is installed; `null` unless all is */
export function installedClang(env = process.env) {
  const folders = (env.PATH ?? '').split(delimiter).filter(Boolean);
  const found = Object.entries(PROGRAMS).map(([name, program]) => [
    name,
    folders.map((folder) => join(folder, program)).find((path) => existsSync(path)),
  ]);
  return found.every(([, path]) => path !== undefined) ? Object.fromEntries(found) : null;
}

/**
 * The compiler, installed by apt where that may be done. Throws a `SetupError` that names what is missing.
 * @param {AbortSignal} signal
 * @returns {Promise<Clang>}
 */
export async function ensureClang(signal) {
  const before = installedClang();
  if (before !== null) return before;
  if (hasApt()) {
    console.log(`Installing ${PACKAGES.join(', ')} …`);
    await installWithApt(['--no-install-recommends', ...PACKAGES], signal);
  }
  const after = installedClang();
  if (after !== null) return after;
  throw new SetupError(
    `The HIP kernels are compiled and tested with clang ${VERSION}, and it could not be had. Install the packages ${PACKAGES.join(', ')} (on Debian 12 or Ubuntu 24.04: apt install ${PACKAGES.join(' ')}) and run this again.`,
  );
}
