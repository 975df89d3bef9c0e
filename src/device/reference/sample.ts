import { keyToLogit, TOP_K } from '../../kernels/candidates';
import { sampleParams } from '../../kernels/sample';
import type { StepInputDraw } from '../../kernels/step-input';
import type { KernelRun } from './kernel-run';

/** In doubles, like the chain in src/sampling. */
export function runSample(run: KernelRun): void {
  const { size } = sampleParams.decode(run.dispatch.params);
  for (let output = 0; output < run.rows; output++) {
    const best = run.memory(0).words(output * TOP_K * 2, TOP_K * 2);
    const draw = run.step.draw(output);
    const keys = Array.from({ length: Math.min(draw.topK, size, TOP_K) }, (_, rank) => best[2 * rank] ?? 0);
    const id = best[2 * drawRank(keys, draw) + 1] ?? 0;
    run
      .memory(1)
      .words(output * 2, 2)
      .set([keys[0] ?? 0, id]);
    run.memory(2).words(run.step.slot(run.step.outputRow(output)), 1)[0] = id;
  }
}

function drawRank(keys: readonly number[], { temperature, topP, minP, unit }: StepInputDraw): number {
  const [bestKey = 0] = keys;
  const best = keyToLogit(bestKey);
  const weights = keys.map((key) => (key === bestKey ? 1 : Math.exp((keyToLogit(key) - best) / temperature)));
  const upTo = runningSums(weights);
  const nucleus = topP < 1 ? upTo.findIndex((sum) => sum >= topP * (upTo.at(-1) ?? 0)) + 1 : keys.length;
  const unlikely = weights.findIndex((weight) => weight < minP);
  const kept = Math.min(nucleus, unlikely < 0 ? keys.length : unlikely);
  const drawn = upTo.findIndex((sum) => sum > unit * (upTo[kept - 1] ?? 0));
  return drawn >= 0 && drawn < kept ? drawn : 0;
}

function runningSums(values: readonly number[]): number[] {
  let sum = 0;
  return values.map((value) => (sum += value));
}
