import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { defined } from '../../src/base/assert';
import { clang, hipBuild, hipInspect } from '../sim/testing/build-scripts';
import { installedCodeObjects, type KernelManifest } from './code-objects';
import { KERNEL_TABLE } from './kernel-table';

const { TARGETS } = await hipBuild();
/** Without an instruction for products of bytes. */
const WITHOUT_DOT = ['gfx1010'];
const DOT = /^v_dot4/;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'forgelight-code-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** A unit, or its kernels of one shader, compiled for a GPU. */
async function compiled(target: string, unit: string, op?: string): Promise<string> {
  const [programs, build] = await Promise.all([clang(), hipBuild()]);
  const output = join(folder, [target, unit, op ?? 'all'].join('-'));
  await build.compileUnit({ clang: programs.clang, unit, target, output, ...(op === undefined ? {} : { op }) });
  return output;
}

async function factsOf(file: string) {
  const [programs, inspect] = await Promise.all([clang(), hipInspect()]);
  return await inspect.kernelFacts(programs.readelf, file);
}

describe.each(TARGETS)('code for %s', (target) => {
  it('keeps sums of bytes in registers, and adds them with the instruction that is there', async () => {
    const [programs, inspect] = await Promise.all([clang(), hipInspect()]);
    const file = await compiled(target, 'q8_0', 'matvec_int8');
    const kernels = await factsOf(file);
    expect(kernels.map(({ name }) => name).sort()).toEqual(['matvec_int8__1', 'matvec_int8__16', 'matvec_int8__4']);
    expect(inspect.kernelProblems(kernels)).toEqual([]);
    const instructions = [...(await inspect.instructionsOf(programs.objdump, file)).keys()];
    expect(instructions.some((name) => DOT.test(name))).toBe(!WITHOUT_DOT.includes(target));
    // Addresses are known to be the GPU's own memory, and nothing lies in a thread's.
    expect(instructions.filter((name) => /^(?:flat|scratch)_/.test(name))).toEqual([]);
  });

  it('has no spills where sixteen rows share a reading', async () => {
    const inspect = await hipInspect();
    expect(inspect.kernelProblems(await factsOf(await compiled(target, 'q4_k', 'qkv_subgroup')))).toEqual([]);
  });
});

describe('a code object', () => {
  it('takes its arguments as the launcher packs them', async () => {
    const kernels = [
      ...(await factsOf(await compiled('gfx1100', 'core'))),
      ...(await factsOf(await compiled('gfx1100', 'q8_0'))),
    ];
    const found = new Set<string>();
    for (const { name, args } of kernels) {
      const shader = name.split('__')[0] ?? '';
      const { constants } = defined(KERNEL_TABLE[shader], `${shader} in the table`);
      found.add(shader);
      const kinds = args.map(({ kind }) => kind);
      const buffers = kinds.filter((kind) => kind === 'global_buffer').length;
      const expected = ['by_value', ...Array.from({ length: buffers }, () => 'global_buffer')];
      expect(kinds, name).toEqual(constants.length === 0 ? expected : [...expected, 'by_value']);
      if (constants.length > 0) expect(args.at(-1)?.size, `constants of ${name}`).toBe(4 * constants.length);
    }
    expect([...found].sort()).toEqual(Object.keys(KERNEL_TABLE).sort());
  });

  it.each([
    ['gfx1100', 'core'],
    ['gfx1100', 'q8_0'],
  ] as const)('of %s, %s, is the very one that was published', async (target, unit) => {
    const build = await hipBuild();
    const manifest = JSON.parse(await readFile(join(build.KERNELS_FOLDER, 'manifest.json'), 'utf8')) as KernelManifest;
    const bytes = await readFile(join(folder, `${target}-${unit}-all`));
    expect(createHash('sha256').update(bytes).digest('hex')).toBe(manifest.objects[target]?.[unit]);
  });
});

describe('the code objects of an installation', () => {
  const bytes = new TextEncoder().encode('a code object');

  async function installation(content: Uint8Array): Promise<string> {
    const place = await mkdtemp(join(folder, 'installed-'));
    const hash = createHash('sha256').update(bytes).digest('hex');
    await mkdir(join(place, 'hip/gfx1100'), { recursive: true });
    await writeFile(join(place, 'hip/gfx1100/core.co.br'), await promisify(brotliCompress)(content));
    await writeFile(join(place, 'hip/manifest.json'), JSON.stringify({ objects: { gfx1100: { core: hash } } }));
    return place;
  }

  it('are those of the manifest', async () => {
    const place = await installation(bytes);
    const objects = await installedCodeObjects({}, place);
    expect(objects.targets).toEqual(['gfx1100']);
    expect(await objects.load('gfx1100', objects.nameOf('core', 'rmsnorm'))).toEqual(Buffer.from(bytes));
    await expect(objects.load('gfx1100', 'q8_0')).rejects.toMatchObject({ code: 'missing-feature' });
    const elsewhere = await installedCodeObjects({ FORGELIGHT_HIP_KERNELS: join(place, 'hip') }, '/nowhere');
    expect(elsewhere.build).toBe(objects.build);
  });

  it('are none where there is no folder, and refused where they were changed', async () => {
    expect((await installedCodeObjects({}, '/nowhere')).targets).toEqual([]);
    const objects = await installedCodeObjects({}, await installation(new TextEncoder().encode('another')));
    await expect(objects.load('gfx1100', 'core')).rejects.toThrow('is not what was built');
  });
});
