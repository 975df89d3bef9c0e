import { ON_DEVICE } from '../../kernels/step-input';
import type { KernelRun } from './kernel-run';

/** The step's token of a row, or the one that was chosen last for its slot: `shaders/lib/token.wgsl`. */
export function tokenOf(run: KernelRun, row: number): number {
  const token = run.step.token(row);
  return token === ON_DEVICE ? run.memory(1).word(run.step.slot(row)) : token; // [slots] of what was chosen
}
