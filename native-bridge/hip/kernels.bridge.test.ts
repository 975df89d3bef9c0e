import { describeKernels, describeSubgroupKernels } from '../../test/kernels/suite';
import { MATMUL_VARIANTS } from '../../src/kernels/matmul';
import { openSimulator, type Simulated } from '../sim/testing/open-simulator';

const SIMULATED: readonly Simulated[] = [{ wave: 32, seed: 1 }];

for (const simulated of SIMULATED) {
  const { wave, seed } = simulated;
  const name = `the simulated GPU, wave ${wave}, seed ${seed}`;
  const open = async () => await openSimulator(simulated);
  describeKernels(name, open, { variants: { matvec: ['rows', 'lanes'], matmul: MATMUL_VARIANTS } });
  describeSubgroupKernels(name, open);
}
