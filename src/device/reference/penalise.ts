import { penaliseParams } from '../../kernels/penalise';
import { textAddress } from './keep-tokens';
import type { KernelRun } from './kernel-run';
import { tokenOf } from './token';

/** Each operation in f32, as the GPU has them. */
export function runPenalise(run: KernelRun): void {
  const { size } = penaliseParams.decode(run.dispatch.params);
  for (let output = 0; output < run.rows; output++) {
    const penalties = run.step.penalties(output);
    if (penalties === null) continue;
    const tokens = lastTokens(run, run.step.outputRow(output), penalties.tokens);
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

/** The last `count` tokens of the row's text, the last of which is the row's own and is kept here. */
function lastTokens(run: KernelRun, row: number, count: number): readonly number[] {
  const position = run.step.position(row);
  const text = run.memory(2);
  text.words(textAddress(run, row, position), 1)[0] = tokenOf(run, row);
  return Array.from({ length: count }, (_, i) => text.word(textAddress(run, row, position + 1 - count + i)));
}
