import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { brotliCompressSync, constants } from 'node:zlib';
import { parseGguf } from '../../../src/gguf/parse';
import { matrixFormats } from '../../../src/models/describe-model';
import { Q4_K } from '../../../src/quant/q4_k';
import { Q8_0 } from '../../../src/quant/q8_0';
import { simulatorLibrary, simulatorUnit } from '../../sim/testing/simulator';

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
  const library = await simulatorLibrary();
  const target = join(folder, 'sim');
  await mkdir(target, { recursive: true });
  const hashes: Record<string, string> = {};
  const install = async (unit: string): Promise<void> => {
    const bytes = await readFile(await simulatorUnit(unit));
    hashes[unit] = createHash('sha256').update(bytes).digest('hex');
    const params = { [constants.BROTLI_PARAM_QUALITY]: 1 };
    await writeFile(join(target, `${unit}.co.br`), brotliCompressSync(bytes, { params }));
  };
  for (const unit of units) await install(unit);
  await writeFile(join(folder, 'manifest.json'), JSON.stringify({ objects: { sim: hashes } }));
  return { FORGELIGHT_HIP_LIBRARY: library, FORGELIGHT_HIP_KERNELS: folder };
}
