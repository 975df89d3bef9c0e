import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { brotliCompressSync, constants } from 'node:zlib';
import { parseGguf } from '../../../src/gguf/parse';
import { matrixFormats } from '../../../src/models/describe-model';
import { Q4_K } from '../../../src/quant/q4_k';
import { Q8_0 } from '../../../src/quant/q8_0';
import { clang, hipBuild } from '../../sim/testing/build-scripts';
import { simulatorLibrary } from '../../sim/testing/simulator';

/** Block formats that a self-test multiplies. */
const TESTED = [Q4_K, Q8_0];

/**
 * What processes are told so that they find the simulator for AMD's runtime, and the kernels that these models need, installed in `folder` as those of a
 * GPU would be.
 */
export async function simulatedComputer(
  folder: string,
  models: readonly Uint8Array<ArrayBuffer>[],
): Promise<Readonly<Record<string, string>>> {
  const formats = models.flatMap((bytes) => {
    const parsed = parseGguf(bytes, bytes.byteLength);
    if (parsed.kind !== 'complete') throw new Error('the model is cut');
    return matrixFormats(parsed.file);
  });
  const units = ['core', ...new Set([...formats, ...TESTED].map(({ module }) => module))];
  const [programs, build, library] = await Promise.all([clang(), hipBuild(), simulatorLibrary()]);
  const target = join(folder, 'sim');
  await mkdir(target, { recursive: true });
  const hashes: Record<string, string> = {};
  const install = async (unit: string): Promise<void> => {
    const output = join(target, `${unit}.so`);
    await build.compileUnit({ clang: programs.clang, unit, target: 'sim', output });
    const bytes = await readFile(output);
    hashes[unit] = createHash('sha256').update(bytes).digest('hex');
    const params = { [constants.BROTLI_PARAM_QUALITY]: 1 };
    await writeFile(join(target, `${unit}.co.br`), brotliCompressSync(bytes, { params }));
  };
  await Promise.all(units.map(install));
  await writeFile(join(folder, 'manifest.json'), JSON.stringify({ objects: { sim: hashes } }));
  return { FORGELIGHT_HIP_LIBRARY: library, FORGELIGHT_HIP_KERNELS: folder };
}
