import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { defined } from '../../src/base/assert';
import { argmaxOf, perplexityOf, SmolLm2 } from './smollm2-model';
import { float32Of } from './zoo-suite';

/** The oracle's own rounding decides below this margin. */
const SURE_MARGIN = 0.03;
const GREEDY_TOKENS = 8;

/** The real model against exact arithmetic. */
describe('SmolLM2-135M-Instruct Q4_1 on WebGPU', () => {
  let model: SmolLm2;
  beforeAll(async () => {
    model = await SmolLm2.load();
  });
  afterAll(() => model.close());

  it('gives the exact next-token logits and greedy continuation', async () => {
    const { promptIds, exact } = defined(model.oracle.raw[0], 'a raw prompt');
    const [found] = await model.evaluate(promptIds, [promptIds.length - 1]);
    const logits = defined(found, 'logits');
    const expected = float32Of(exact.logits_b64);
    const scale = Math.max(...expected.map(Math.abs));
    const worst = expected.reduce((most, value, i) => Math.max(most, Math.abs(value - (logits[i] ?? Infinity))), 0);
    expect(worst / scale).toBeLessThan(1e-3);

    // The exact token is fed on whatever was chosen: one close call must not end the comparison.
    const chosen = [argmaxOf(logits)];
    const start = performance.now();
    for (let i = 1; i < GREEDY_TOKENS; i++) {
      chosen.push(await model.decode(defined(exact.greedyIds[i - 1], 'token'), promptIds.length + i - 1));
    }
    const seconds = (performance.now() - start) / 1000;
    console.log(`decode: ${((GREEDY_TOKENS - 1) / seconds).toFixed(2)} tokens per second`);
    const isSure = (_: number, i: number): boolean => (exact.margins[i] ?? 0) >= SURE_MARGIN;
    expect(chosen.filter(isSure)).toEqual(exact.greedyIds.slice(0, GREEDY_TOKENS).filter(isSure));
    expect(chosen.filter(isSure).length).toBeGreaterThan(GREEDY_TOKENS / 2);
  });

  it('gives the exact perplexity and argmax of 64 positions', async () => {
    const ids = model.oracle.perplexity.ids.slice(0, 64);
    const logits = await model.evaluate(ids, [...ids.keys()]);
    expect(Math.abs(perplexityOf(logits, ids) / model.oracle.perplexity.exactFirst64 - 1)).toBeLessThan(1e-3);

    const { argmax, margins } = model.oracle.teacherForced;
    const sure = [...margins.keys()].filter((i) => (margins[i] ?? 0) >= SURE_MARGIN);
    expect(sure.map((i) => argmaxOf(defined(logits[i], 'logits')))).toEqual(sure.map((i) => argmax[i]));
    expect(sure.length).toBeGreaterThan(50);
  });
});
