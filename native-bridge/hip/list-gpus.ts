import { HIP, HipError, type HipApi } from './hip-api';
import type { HipGpu } from './gpu-choice';

/** More than the structure has had in any version. */
const PROPERTIES_BYTES = 4096;
/** The same numbers in ROCm 5 and 7. */
const ATTRIBUTES = { integrated: 16, multiprocessors: 63, workgroupBytes: 74, waveSize: 87 } as const;

/** Starts HIP and lists its GPUs, as far as ROCm's own variables let it see them. Throws `HipError` where that fails; none: empty. */
export function listGpus(api: HipApi): readonly HipGpu[] {
  const begun = api.code('hipInit', 0);
  // An old runtime says "invalid device" for "none".
  if (begun === HIP.noDevice || begun === HIP.invalidDevice) return [];
  if (begun !== 0) throw api.error('hipInit', begun);
  const count = new Int32Array(1);
  const counted = api.code('hipGetDeviceCount', count);
  if (counted === HIP.noDevice || counted === HIP.invalidDevice) return [];
  if (counted !== 0) throw api.error('hipGetDeviceCount', counted);
  return Array.from({ length: count[0] ?? 0 }, (_, index) => ({
    index,
    name: nameOf(api, index),
    gfx: gfxOf(api, index),
    integrated: attribute(api, 'integrated', index) !== 0,
    waveSize: attribute(api, 'waveSize', index),
  }));
}

function attribute(api: HipApi, name: keyof typeof ATTRIBUTES, index: number): number {
  return api.number('hipDeviceGetAttribute', ATTRIBUTES[name], index);
}

function nameOf(api: HipApi, index: number): string {
  const bytes = new Uint8Array(256);
  api.call('hipDeviceGetName', bytes, bytes.length, index);
  return textOf(bytes).split('\0')[0]?.trim() ?? '';
}

/** The structure's layout changed with version 6: the architecture's name is looked for wherever it is. */
function gfxOf(api: HipApi, index: number): string {
  for (const name of ['hipGetDevicePropertiesR0600', 'hipGetDeviceProperties']) {
    const properties = api.library.func(name, 'int', ['void *', 'int']);
    if (properties === null) continue;
    const bytes = new Uint8Array(PROPERTIES_BYTES);
    const code = properties(bytes, index);
    if (code !== 0) throw new HipError(name, Number(code), 'the device does not tell what it is');
    return /gfx[0-9a-f]+/.exec(textOf(bytes))?.[0] ?? '';
  }
  return '';
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
}
