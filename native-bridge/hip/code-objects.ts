import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { brotliDecompress } from 'node:zlib';
import { ForgelightError } from '../../src/base/errors';

/** The kernels as a GPU takes them: a file for each target and unit, `core` or a block format. */
export interface CodeObjects {
  /** Changes with any kernel. */
  readonly build: string;
  /** Architectures that there are kernels for. */
  readonly targets: readonly string[];
  /** The name of the code object with the kernels of a shader in a unit. */
  nameOf(unit: string, shader: string): string;
  /** Throws `missing-feature` where there is none, or another than what was built. */
  load(target: string, name: string): Promise<Uint8Array>;
}

type ByTargetAndUnit = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** What scripts/hip.mjs writes into an installation: hashes of what clang made. */
interface InstalledManifest {
  /** SHA-256. */
  readonly objects: ByTargetAndUnit;
}

/** What it writes beside the kernels' text: of all code objects also what is in them, for tests. */
export interface KernelManifest extends InstalledManifest {
  /** Names in `facts`. */
  readonly inside: ByTargetAndUnit;
  readonly facts: Readonly<Record<string, unknown>>;
}

const unpack = promisify(brotliDecompress);

/**
 * The code objects of this installation: in `FORGELIGHT_HIP_KERNELS`, else in the folder `hip` beside the command. Where there are none, none for any
 * GPU.
 */
export async function installedCodeObjects(env: NodeJS.ProcessEnv, commandFolder: string): Promise<CodeObjects> {
  const chosen = env['FORGELIGHT_HIP_KERNELS'];
  const folder = chosen === undefined || chosen === '' ? join(commandFolder, 'hip') : chosen;
  const text = await readFile(join(folder, 'manifest.json'), 'utf8').catch(() => '{"objects":{}}');
  return folderOfCodeObjects(folder, JSON.parse(text) as InstalledManifest);
}

/** Code objects in a folder, `<target>/<unit>.co.br`, each held against its hash in the manifest. */
function folderOfCodeObjects(folder: string, manifest: InstalledManifest): CodeObjects {
  return {
    build: createHash('sha256').update(JSON.stringify(manifest.objects)).digest('hex').slice(0, 16),
    targets: Object.keys(manifest.objects),
    nameOf: (unit) => unit,
    async load(target, unit) {
      const wanted = manifest.objects[target]?.[unit];
      const path = join(folder, target, `${unit}.co.br`);
      const packed = await readFile(path).catch((cause: unknown) => {
        throw new ForgelightError(
          'missing-feature',
          `The kernels for ${target} (${unit}) are not in this installation of Forgelight. Install the package again, or in a checkout compile them: node scripts/hip.mjs ${target}`,
          { cause },
        );
      });
      const bytes = await unpack(packed);
      if (createHash('sha256').update(bytes).digest('hex') !== wanted) {
        throw new ForgelightError('missing-feature', `${path} is not what was built. Install Forgelight again.`);
      }
      return bytes;
    },
  };
}
