import { ok, problem, warning, type Finding } from './finding';
import type { Machine } from './machine';
import type { KfdGpu } from './topology';

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

const OF_AMD = 'the package hip-runtime-amd of AMD’s repository';
/** What came after the runtime that Debian and Ubuntu have. */
const NEWER_THAN_5 = /^gfx(115|12)/;

/** AMD's runtime, found as the loader would and not loaded. `names`: in the order in which they are tried. */
export async function checkLibrary(
  machine: Machine,
  names: readonly string[],
  gpus: readonly KfdGpu[],
): Promise<Finding> {
  const newer = gpus.find(({ gfx }) => NEWER_THAN_5.test(gfx));
  const path = await findLibrary(machine, names);
  if (path !== null) {
    const what = `AMD’s HIP runtime is ${path}`;
    if (newer === undefined || !/\.so\.5/.test(path)) return ok('library', `${what}.`);
    const wrong = gpus.every(({ gfx }) => NEWER_THAN_5.test(gfx)) ? problem : warning;
    return wrong('library', `${what}, which is older than ${newer.gfx}.`, `Install a newer one: ${OF_AMD}.`);
  }
  const chosen = machine.env[VARIABLE];
  if (chosen) {
    const fix = `Give the library’s whole path, or let it be found: unset ${VARIABLE}`;
    return problem('library', `${VARIABLE} is ${chosen}, and that is not there.`, fix);
  }
  const fix = `Install it: ${await installCommand(machine, newer !== undefined)}. The rest of ROCm is not needed. If it lies elsewhere: ${VARIABLE}=/PATH/libamdhip64.so forgelight serve`;
  return problem('library', `AMD’s HIP runtime (${names[0] ?? 'libamdhip64.so'}) is not installed.`, fix);
}

async function findLibrary(machine: Machine, names: readonly string[]): Promise<string | null> {
  const places = [...(machine.env['LD_LIBRARY_PATH'] ?? '').split(':').filter((folder) => folder !== ''), ...FOLDERS];
  const cache = await machine.read('/etc/ld.so.cache');
  for (const name of names) {
    if (name.includes('/')) {
      if (await isThere(machine, name)) return name;
      continue;
    }
    const cached = cache.is === 'there' ? inCache(cache.value, name) : null;
    if (cached !== null) return cached;
    for (const folder of places) {
      const path = `${folder}/${name}`;
      if (await isThere(machine, path)) return path;
    }
  }
  return null;
}

async function isThere(machine: Machine, path: string): Promise<boolean> {
  return (await machine.access(path)).is !== 'absent';
}

/** The cache is binary; its paths end with a zero. */
function inCache(cache: string, name: string): string | null {
  const end = cache.indexOf(`/${name}\0`);
  return end < 0 ? null : cache.slice(cache.lastIndexOf('\0', end) + 1, end + 1 + name.length);
}

async function installCommand(machine: Machine, isNewer: boolean): Promise<string> {
  const release = await machine.read('/etc/os-release');
  const text = release.is === 'there' ? release.value : '';
  const ids = [...text.matchAll(/^ID(?:_LIKE)?="?([^"\n]*)"?$/gm)].flatMap(([, value = '']) => value.split(' '));
  const known = ids.find((id) => Object.hasOwn(INSTALL, id));
  const command = known === undefined ? undefined : INSTALL[known];
  return command === undefined || (isNewer && command.endsWith('-5')) ? OF_AMD : command;
}
