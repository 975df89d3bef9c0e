import { KV_BLOCK_TOKENS } from '../../kernels/kv-layout';
import type { KernelRun } from './kernel-run';
import { tokenOf } from './token';

export function runKeepTokens(run: KernelRun): void {
  for (let row = 0; row < run.rows; row++) {
    run.memory(0).words(textAddress(run, row, run.step.position(row)), 1)[0] = tokenOf(run, row);
  }
}

/** The word of the token at `position` of the row's sequence: `shaders/lib/text.wgsl`. */
export function textAddress({ step }: KernelRun, row: number, position: number): number {
  return step.block(row, 0, position) * KV_BLOCK_TOKENS + (position % KV_BLOCK_TOKENS);
}
