import { describe, expect, it } from 'vitest';
import { defined } from '../base/assert';
import { ForgelightError } from '../base/errors';
import { CATALOGUE, rateCatalogue, type FitReport } from '../client/index';
import { FitCheck } from './fit-check';

const [FIRST, SECOND] = rateCatalogue(null).map((entry) => entry);
const first = defined(FIRST, 'an entry');
const second = defined(SECOND, 'another');

/** A check that the test ends by hand. */
function setUp() {
  const checks: {
    model: string;
    signal: AbortSignal;
    end: (verdict: FitReport['verdict']) => void;
    fail: (error: unknown) => void;
  }[] = [];
  const reported: unknown[] = [];
  const fit = new FitCheck(
    {
      rated: async () => ({ entries: rateCatalogue(null, CATALOGUE), budgetBytes: null }),
      checkFit: (model, { signal }) =>
        new Promise((resolve, reject) => {
          const end = (verdict: FitReport['verdict']): void =>
            resolve({
              verdict,
              sizeBytes: 1,
              weightBytes: 1,
              kvBytes: 1,
              scratchBytes: 1,
              contextLength: 1,
              largestContextLength: 1,
              memoryBudgetBytes: 1,
              reason: `It ${verdict}.`,
            });
          checks.push({ model, signal, end, fail: reject });
        }),
      reportError: (error) => reported.push(error),
    },
    () => undefined,
  );
  return { fit, checks, reported, check: (index: number) => defined(checks[index], 'a check') };
}

describe('a model that is picked', () => {
  it.each(['fits', 'fits-shorter'] as const)('is loaded when it %s, with the verdict', async (verdict) => {
    const { fit, check } = setUp();
    const picking = fit.pick(first);
    expect(fit.state).toEqual({ kind: 'checking', entry: first });
    check(0).end(verdict);
    expect(await picking).toEqual({
      reference: first.model,
      name: first.name,
      local: false,
      sizeBytes: first.sizeBytes,
      licence: first.licence,
      sha256: first.sha256,
      verdict: `It ${verdict}.`,
    });
    expect(fit.state.kind).toBe('none');
  });

  it.each(['too-big', 'unsupported'] as const)('is asked about when it is %s', async (verdict) => {
    const { fit, check } = setUp();
    const picking = fit.pick(first);
    check(0).end(verdict);
    expect(await picking).toBeNull();
    expect(fit.state).toEqual({ kind: 'asking', entry: first, reason: `It ${verdict}.` });
    fit.leave();
    expect(fit.state.kind).toBe('none');
  });

  it('after another takes its place, whichever check ends first', async () => {
    const { fit, check } = setUp();
    const older = fit.pick(first);
    const newer = fit.pick(second);
    expect(check(0).signal.aborted).toBe(true);
    check(0).end('fits');
    expect(await older).toBeNull();
    expect(fit.state).toEqual({ kind: 'checking', entry: second });
    check(1).end('fits');
    expect(await newer).toMatchObject({ name: second.name });
  });

  it('and taken back is not loaded, nor is its failure told', async () => {
    const { fit, check, reported } = setUp();
    const picking = fit.pick(first);
    fit.leave();
    expect(check(0).signal.aborted).toBe(true);
    check(0).fail(new DOMException('Stopped.', 'AbortError'));
    expect(await picking).toBeNull();
    expect(fit.state.kind).toBe('none');
    expect(reported).toEqual([]);
  });

  it('whose check fails says why', async () => {
    const { fit, check } = setUp();
    const picking = fit.pick(first);
    check(0).fail(new ForgelightError('network', 'No way to the hub.'));
    expect(await picking).toBeNull();
    expect(fit.state).toEqual({
      kind: 'failed',
      entry: first,
      failure: { code: 'network', detail: 'No way to the hub.' },
    });
  });
});
