import { activationParams } from '../../kernels/activation';
import { addBiasParams } from '../../kernels/add-bias';
import { softcapParams } from '../../kernels/softcap';
import { activate } from './glu';
import type { KernelRun } from './kernel-run';

export function runAddBias(run: KernelRun): void {
  const { size, stride, offset } = addBiasParams.decode(run.dispatch.params);
  const bias = run.memory(0).floats(0, size);
  for (let row = 0; row < run.rows; row++) {
    const x = run.memory(1).floats(row * stride + offset, size);
    bias.forEach((value, k) => (x[k] = (x[k] ?? 0) + value));
  }
}

export function runSoftcap(run: KernelRun): void {
  const { size, cap } = softcapParams.decode(run.dispatch.params);
  for (let row = 0; row < run.rows; row++) {
    const x = run.memory(0).floats(row * size, size);
    x.forEach((value, k) => (x[k] = cap * Math.tanh(value / cap)));
  }
}

export function runActivation(run: KernelRun): void {
  const { size } = activationParams.decode(run.dispatch.params);
  const x = run.memory(0).floats(0, run.rows * size);
  x.forEach((value, k) => (x[k] = activate(run, value)));
}
