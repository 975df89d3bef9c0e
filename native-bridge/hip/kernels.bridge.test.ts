import { MATMUL_VARIANTS } from '../../src/kernels/matmul';
import { MATVEC_VARIANTS } from '../../src/kernels/matvec';
import { describeKernels, describeSubgroupKernels } from '../../test/kernels/suite';
import { openSimulator, type Simulated } from '../sim/testing/open-simulator';

function describeSimulated(
  describe: (name: string, open: () => ReturnType<typeof openSimulator>) => void,
  simulated: Simulated,
): void {
  const { wave, seed } = simulated;
  describe(`the simulated GPU, ${wave} threads a subgroup, seed ${seed}`, () => openSimulator(simulated));
}

const WITHOUT_SUBGROUPS = {
  variants: { matvec: MATVEC_VARIANTS.filter((variant) => variant !== 'subgroup'), matmul: MATMUL_VARIANTS },
};

// Only the kernels of subgroups know how many threads these have: the others run once, unless all is asked for.
const everything = process.env['FORGELIGHT_HIP_SUITE'] === 'all';
const seeds = everything ? [1, 2, 3] : [1];
for (const seed of seeds) {
  for (const wave of everything ? ([32, 64] as const) : ([64] as const)) {
    describeSimulated((name, open) => describeKernels(name, open, WITHOUT_SUBGROUPS), { wave, seed });
  }
  describeSimulated(describeSubgroupKernels, { wave: 32, seed: seed + 10 });
  describeSimulated(describeSubgroupKernels, { wave: 64, seed: seed + 20 });
}
