import { describe, expect, it } from 'vitest';
import { chunkWidthsOf, matmul } from '../../src/kernels/matmul';
import { MATVEC_VARIANTS } from '../../src/kernels/matvec';
import { encodeStepInput } from '../../src/kernels/step-input';
import { F32 } from '../../src/quant/f32';
import { QUANT_FORMATS } from '../../src/quant/registry';
import { describeFewKernels, describeKernels } from '../../test/kernels/suite';
import { openSimulator, type Simulated } from '../sim/testing/open-simulator';
import { RanKernels } from '../sim/testing/ran-kernels';
import { KERNEL_TABLE } from './kernel-table';
import { instanceNames } from './testing/instance-names';

const ALL = { variants: MATVEC_VARIANTS, chunks: chunkWidthsOf({}), wideQueries: true };
const KERNELS = Object.entries(KERNEL_TABLE).flatMap(([shader, entry]) => instanceNames(shader, entry));
const UNITS = ['core', ...QUANT_FORMATS.map(({ module }) => module)];

/** The whole suite with subgroups of either size, and the few cases of it again, where memory begins that ended at a forbidden page before. */
const RUNS: readonly (Simulated & { readonly cases: 'all' | 'few' })[] = [
  { wave: 64, seed: 1, cases: 'all' },
  { wave: 32, seed: 2, cases: 'all' },
  { wave: 32, seed: 3, cases: 'few' },
  { wave: 64, seed: 4, cases: 'few' },
];
// More of all, if asked for.
const everything = process.env['FORGELIGHT_HIP_SUITE'] === 'all';
const more = ([32, 64] as const).flatMap((wave) => [5, 6, 7].map((seed) => ({ wave, seed, cases: 'all' as const })));

describe.each(everything ? [...RUNS, ...more] : RUNS)(
  'the simulated GPU, $wave threads a subgroup, seed $seed',
  ({ wave, seed, cases }) => {
    const ran = new RanKernels();
    const open = async () => ran.watch(await openSimulator({ wave, seed }));
    const name = 'the simulated GPU';
    if (cases === 'all') describeKernels(name, open, ALL);
    else describeFewKernels(name, open);

    it('has run every kernel and every block format', () => {
      const missing = {
        kernels: KERNELS.filter((kernel) => !ran.kernels.has(kernel)),
        units: UNITS.filter((unit) => !ran.units.has(unit)),
      };
      expect(missing).toEqual({ kernels: [], units: [] });
    });
  },
);

it('the simulated GPU refuses a launch of other threads than a kernel’s workgroups have', async () => {
  const device = await openSimulator({ wave: 32, seed: 8 });
  const input = encodeStepInput([{ token: 0, position: 0, slot: 0, blocks: [] }], [], []);
  const stepInput = device.createBuffer('step', input.byteLength);
  const [x, y] = [device.createBuffer('x', 8 * 32 * 4), device.createBuffer('y', 64 * 4)];
  const weights = { buffer: device.createBuffer('weights', 64 * 32 * 4), format: F32, rows: 64, columns: 32 };
  const dispatch = matmul({ weights, x, y, yStride: 64, epilogue: 'store', width: 256 });
  const dispatches = [{ ...dispatch, constants: { ...dispatch.constants, ROWS: 32 } }];
  const plan = await device.prepare({ label: 'half', stepInput, dispatches });
  const step = device.submit([{ plan, rows: 1 }], { buffer: y, sizeBytes: 4 });
  await expect(step).rejects.toThrow('matmul__256 has workgroups of 256 threads, not 128');
  device.close();
});
