import { KV_TYPES } from '../../../src/kernels/kv-layout';
import type { KernelEntry } from '../kernel-table';

/** The kernels that a shader has become, by name. */
export function instanceNames(shader: string, { instance }: KernelEntry): readonly string[] {
  if (instance === 'only') return [shader];
  if (instance === 'kv') return KV_TYPES.map((type) => `${shader}__${type}`);
  const sizes = 'widths' in instance ? instance.widths : instance.capacities;
  return sizes.map((size) => `${shader}__${size}`);
}
