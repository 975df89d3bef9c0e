import { ok, problem, type Finding } from './finding';
import type { Machine } from './machine';

const VARIABLE = 'FORGELIGHT_HIP_LIBRARY';
/** Where the loader of Linux looks besides its cache. */
const FOLDERS = ['/lib64', '/usr/lib64', '/lib', '/usr/lib', '/lib/x86_64-linux-gnu', '/usr/lib/x86_64-linux-gnu'];

/** How the library is called in what each system installs; keys are `ID` and `ID_LIKE` of /etc/os-release. */
const INSTALL: Readonly<Record<string, string>> = {
  debian: 'sudo apt install libamdhip64-5',
  ubuntu: 'sudo apt install libamdhip64-5',
  fedora: 'sudo dnf install rocm-hip',
  arch: 'sudo pacman -S hip-runtime-amd',
  suse: 'sudo zypper install hip',
};

/** AMD's runtime, found as the loader would and not loaded. `names`: in the order in which they are tried. */
export async function checkLibrary(machine: Machine, names: readonly string[]): Promise<Finding> {
  const places = [...(machine.env['LD_LIBRARY_PATH'] ?? '').split(':').filter((folder) => folder !== ''), ...FOLDERS];
  const cache = await machine.read('/etc/ld.so.cache');
  for (const name of names) {
    if (name.includes('/')) {
      if (await isThere(machine, name)) return ok('library', `AMD’s HIP runtime is ${name}.`);
      continue;
    }
    const cached = cache.is === 'there' ? inCache(cache.value, name) : null;
    if (cached !== null) return ok('library', `AMD’s HIP runtime is ${cached}.`);
    for (const folder of places) {
      const path = `${folder}/${name}`;
      if (await isThere(machine, path)) return ok('library', `AMD’s HIP runtime is ${path}.`);
    }
  }
  const chosen = machine.env[VARIABLE];
  if (chosen) {
    const fix = `Give the library’s whole path, or let it be found: unset ${VARIABLE}`;
    return problem('library', `${VARIABLE} is ${chosen}, and that is not there.`, fix);
  }
  const fix = `Install it: ${await installCommand(machine)}. The rest of ROCm is not needed. If it lies elsewhere: ${VARIABLE}=/PATH/libamdhip64.so forgelight serve`;
  return problem('library', `AMD’s HIP runtime (${names[0] ?? 'libamdhip64.so'}) is not installed.`, fix);
}

async function isThere(machine: Machine, path: string): Promise<boolean> {
  return (await machine.access(path)).is !== 'absent';
}

/** The cache is binary; its paths end with a zero. */
function inCache(cache: string, name: string): string | null {
  const end = cache.indexOf(`/${name}\0`);
  return end < 0 ? null : cache.slice(cache.lastIndexOf('\0', end) + 1, end + 1 + name.length);
}

async function installCommand(machine: Machine): Promise<string> {
  const release = await machine.read('/etc/os-release');
  const text = release.is === 'there' ? release.value : '';
  const ids = [...text.matchAll(/^ID(?:_LIKE)?="?([^"\n]*)"?$/gm)].flatMap(([, value = '']) => value.split(' '));
  const known = ids.find((id) => Object.hasOwn(INSTALL, id));
  return (known === undefined ? undefined : INSTALL[known]) ?? 'the package hip-runtime-amd of AMD’s repository';
}
