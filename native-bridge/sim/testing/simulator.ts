import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { CodeObjects } from '../../hip/code-objects';
import { clang, hipBuild } from './build-scripts';
import { inParallel } from './in-parallel';

const FOLDER = resolve(import.meta.dirname, '../../../artifacts/hip-simulator');

/** The texts of a folder and those in it, as one hash: what was compiled from the same is taken again. */
async function hashOf(folder: string): Promise<string> {
  const names = (await readdir(folder, { recursive: true })).filter((name) => /\.(?:h|hip|cpp)$/.test(name)).sort();
  const hash = createHash('sha256');
  for (const name of names) hash.update(`${name}\0`).update(await readFile(join(folder, name)));
  return hash.digest('hex').slice(0, 16);
}

/** Whether a process that left its number in the file still runs: one that was killed gives nothing back. */
async function isHeld(lock: string): Promise<boolean> {
  const pid = Number(await readFile(lock, 'utf8').catch(() => ''));
  if (pid === 0) return true; // not written yet, or gone
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** The file that `build` makes, made once, also where several processes want it at the same time. */
async function builtOnce(path: string, build: (output: string) => Promise<void>): Promise<string> {
  const lock = `${path}.lock`;
  await mkdir(FOLDER, { recursive: true });
  while (!existsSync(path)) {
    const taken = await writeFile(lock, String(process.pid), { flag: 'wx' }).then(
      () => true,
      () => false,
    );
    if (!taken) {
      if (!(await isHeld(lock))) await rm(lock, { force: true });
      await delay(50);
      continue;
    }
    try {
      await build(`${path}.part`);
      await rename(`${path}.part`, path);
    } finally {
      await rm(lock, { force: true });
    }
  }
  return path;
}

/** The stand-in for libamdhip64: what FORGELIGHT_HIP_LIBRARY is set to. */
export async function simulatorLibrary(): Promise<string> {
  const [programs, build] = await Promise.all([clang(), hipBuild()]);
  const path = join(FOLDER, `libamdhip64-${await hashOf(build.SIMULATOR_FOLDER)}.so`);
  return await builtOnce(path, (output) => build.compileSimulator({ clang: programs.clang, output }));
}

/**
 * Kernels for the simulator, those of each shader compiled apart when they are first asked for: tests want few of a format's. `folder`: with their
 * text, the project's if not given.
 */
export function simulatorObjects(folder?: string): CodeObjects {
  return {
    build: 'simulator',
    targets: ['sim'],
    nameOf: (unit, shader) => `${unit}.${shader}`,
    load: async (_target, name) => {
      const [unit = '', op = ''] = name.split('.');
      return await readFile(await simulatorObject(unit, op, folder));
    },
  };
}

/** The code object of a unit whole, from the parts that tests of single kernels have too. */
export async function simulatorUnit(unit: string): Promise<string> {
  const build = await hipBuild();
  const ops = await build.opsOf(unit);
  const hash = await build.textHash({ unit, simulated: true });
  return await builtOnce(join(FOLDER, `${unit}-${hash}.so`), async (output) => {
    const parts = new Map<string, string>();
    await inParallel(ops, async (op) => void parts.set(op, await simulatorPart(unit, op)));
    await link(
      ops.flatMap((op) => parts.get(op) ?? []),
      output,
    );
  });
}

async function simulatorObject(unit: string, op: string, folder: string | undefined): Promise<string> {
  const part = await simulatorPart(unit, op, folder);
  return await builtOnce(part.replace(/\.o$/, '.so'), (output) => link([part], output));
}

async function link(parts: readonly string[], output: string): Promise<void> {
  const [programs, build] = await Promise.all([clang(), hipBuild()]);
  await build.linkSimulated({ clang: programs.clang, lld: programs.lld, parts, output });
}

async function simulatorPart(unit: string, op: string, given?: string): Promise<string> {
  const [programs, build] = await Promise.all([clang(), hipBuild()]);
  const folder = given ?? build.KERNELS_FOLDER;
  const hash = await build.textHash({ unit, op, folder, simulated: true });
  return await builtOnce(join(FOLDER, `${unit}.${op}-${hash}.o`), (output) =>
    build.compileUnit({ clang: programs.clang, unit, op, target: 'sim', output, folder, isPart: true }),
  );
}
