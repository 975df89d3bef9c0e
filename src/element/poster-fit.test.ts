import { describe, expect, it } from 'vitest';
import { ForgelightError } from '../base/errors';
import type { FitReport } from '../client/index';
import { PosterFit } from './poster-fit';

const REPORT = { verdict: 'fits' } as FitReport;

/** A check that the test answers, and the states that were shown. */
function setUp() {
  const asked: { model: unknown; signal: AbortSignal | undefined }[] = [];
  const answers: ((answer: FitReport | Error) => void)[] = [];
  const states: string[] = [];
  const fit: PosterFit = new PosterFit(
    (model, options) =>
      new Promise((resolve, reject) => {
        asked.push({ model, signal: options?.signal });
        answers.push((answer) => (answer instanceof Error ? reject(answer) : resolve(answer)));
      }),
    () => states.push(fit.state.kind),
  );
  return { fit, asked, answers, states };
}

describe('whether a model fits', () => {
  it('is asked once, and told', async () => {
    const { fit, answers, states } = setUp();
    const asking = fit.ask('a', {});
    expect(fit.isOpen).toBe(false);
    answers[0]?.(REPORT);
    await asking;
    expect(states).toEqual(['checking', 'told']);
    fit.giveUp();
    expect([fit.state.kind, fit.isOpen]).toEqual(['told', false]);
  });

  it('is nobody’s business any more where it was given up, and is asked anew', async () => {
    const { fit, asked, answers } = setUp();
    const first = fit.ask('a', {});
    fit.giveUp();
    expect([asked[0]?.signal?.aborted, fit.isOpen, fit.state.kind]).toEqual([true, true, 'unknown']);
    const second = fit.ask('b', {});
    answers[0]?.(REPORT);
    await first;
    expect(fit.state.kind).toBe('checking');
    answers[1]?.(REPORT);
    await second;
    expect(fit.state.kind).toBe('told');
    fit.forget();
    expect(fit.isOpen).toBe(true);
  });

  it.each([
    ['no-webgpu', 'no-gpu'],
    ['no-adapter', 'no-gpu'],
    ['network', 'unknown'],
  ] as const)('after %s it is %s', async (code, kind) => {
    const { fit, answers } = setUp();
    const asking = fit.ask('a', {});
    answers[0]?.(new ForgelightError(code, 'It is so.'));
    await asking;
    expect(fit.state.kind).toBe(kind);
  });
});
