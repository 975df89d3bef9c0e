import { penaliseParams } from '../../kernels/penalise';
import { ON_DEVICE } from '../../kernels/step-input';
import type { KernelRun } from './kernel-run';

/** Each operation in f32, as the GPU has them. */
export function runPenalise(run: KernelRun): void {
  const { size } = penaliseParams.decode(run.dispatch.params);
  const { step } = run;
  for (let output = 0; output < run.rows; output++) {
    const penalties = step.penalties(output);
    if (penalties === null) continue;
    const row = step.outputRow(output);
    const given = step.token(row);
    const tokens = [...penalties.before, given === ON_DEVICE ? run.memory(1).word(step.slot(row)) : given];
    const logits = run.memory(0).floats(output * size, size);
    for (const id of new Set(tokens)) {
      const logit = logits[id];
      if (logit === undefined) continue;
      const times = tokens.filter((token) => token === id).length;
      const taken = Math.fround(penalties.presence + Math.fround(times * penalties.frequency));
      const repeated = Math.fround(logit * (logit > 0 ? penalties.inverseRepeat : penalties.repeat));
      logits[id] = repeated - taken;
    }
  }
}
