import { describe, expect, it } from 'vitest';
import { ForgelightError } from '../base/errors';
import { parseEngineOptions } from './engine-options-schema';
import { completeTimeouts, DEFAULT_HOST_TIMEOUTS, timeoutsFromEnvironment } from './timeouts';

function refusal(act: () => unknown): ForgelightError {
  try {
    act();
  } catch (error) {
    if (error instanceof ForgelightError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

describe('timeouts from the environment', () => {
  it('are the default where nothing is set, whatever else is', () => {
    expect(timeoutsFromEnvironment({})).toEqual(DEFAULT_HOST_TIMEOUTS);
    expect(
      timeoutsFromEnvironment({ PATH: '/bin', FORGELIGHT_MODELS: 'x', FORGELIGHT_TIMEOUT_STEP_MS: undefined }),
    ).toEqual(DEFAULT_HOST_TIMEOUTS);
  });

  it('are read each', () => {
    const environment = {
      FORGELIGHT_TIMEOUT_STEP_MS: '10',
      FORGELIGHT_TIMEOUT_REQUEST_MS: '20',
      FORGELIGHT_TIMEOUT_STALL_MS: '2147483647',
      FORGELIGHT_TIMEOUT_START_MS: '30',
      FORGELIGHT_TIMEOUT_DRAIN_MS: '10000',
      FORGELIGHT_TIMEOUT_KILL_MS: '1',
    };
    expect(timeoutsFromEnvironment(environment)).toEqual({
      stepMs: 10,
      requestMs: 20,
      stallMs: 2 ** 31 - 1,
      startMs: 30,
      drainMs: 10_000,
      killMs: 1,
    });
  });

  it('leave a step half of a short request', () => {
    expect(timeoutsFromEnvironment({ FORGELIGHT_TIMEOUT_REQUEST_MS: '5000' })).toEqual({
      ...DEFAULT_HOST_TIMEOUTS,
      stepMs: 2500,
      requestMs: 5000,
    });
  });

  it.each(['0', '-1', '1.5', '1e3', '0x10', '10s', ' 10', '', 'NaN', '2147483648', '99999999999999999999'])(
    'refuse %j by the name of the variable',
    (value) => {
      for (const param of ['STEP', 'REQUEST', 'STALL', 'START', 'KILL'].map(
        (name) => `FORGELIGHT_TIMEOUT_${name}_MS`,
      )) {
        const error = refusal(() => timeoutsFromEnvironment({ [param]: value }));
        expect(error).toMatchObject({ code: 'invalid-request', param });
        expect(error.message).toBe(
          `${param} must be a whole number of milliseconds from 1 to 2147483647, got ${JSON.stringify(value)}`,
        );
      }
    },
  );

  it('refuse a drain that whoever stops the host would not wait for', () => {
    expect(refusal(() => timeoutsFromEnvironment({ FORGELIGHT_TIMEOUT_DRAIN_MS: '10001' }))).toMatchObject({
      param: 'FORGELIGHT_TIMEOUT_DRAIN_MS',
      message: 'FORGELIGHT_TIMEOUT_DRAIN_MS must be a whole number of milliseconds from 1 to 10000, got "10001"',
    });
  });

  it('refuse what contradicts itself, and name both', () => {
    const environment = { FORGELIGHT_TIMEOUT_STEP_MS: '20', FORGELIGHT_TIMEOUT_REQUEST_MS: '20' };
    expect(refusal(() => timeoutsFromEnvironment(environment))).toMatchObject({
      param: 'FORGELIGHT_TIMEOUT_STEP_MS',
      message: 'FORGELIGHT_TIMEOUT_STEP_MS must be less than FORGELIGHT_TIMEOUT_REQUEST_MS (20), got 20',
    });
    expect(refusal(() => timeoutsFromEnvironment({ FORGELIGHT_TIMEOUT_STEP_MS: '3600000' })).message).toContain(
      'must be less than FORGELIGHT_TIMEOUT_REQUEST_MS (3600000)',
    );
    expect(refusal(() => timeoutsFromEnvironment({ FORGELIGHT_TIMEOUT_REQUEST_MS: '1' })).message).toBe(
      'FORGELIGHT_TIMEOUT_REQUEST_MS must be at least 2, got 1',
    );
  });

  it('refuse a variable that nothing reads', () => {
    expect(refusal(() => timeoutsFromEnvironment({ FORGELIGHT_TIMEOUT_STEPS_MS: '20' }))).toMatchObject({
      param: 'FORGELIGHT_TIMEOUT_STEPS_MS',
      message: 'FORGELIGHT_TIMEOUT_STEPS_MS is not a known variable: did you mean FORGELIGHT_TIMEOUT_STEP_MS?',
    });
  });
});

describe('the timeouts option', () => {
  it('is the same set with other names', () => {
    const given = [{}, { stepMs: 7 }, { requestMs: 5000 }, { stepMs: 10, requestMs: 20, stallMs: 30 }];
    for (const timeouts of given) {
      expect(parseEngineOptions({ model: 'https://example.org/x.gguf', timeouts }).load.timeouts).toEqual(
        completeTimeouts(timeouts),
      );
    }
    expect(refusal(() => completeTimeouts({ stepMs: 20, requestMs: 20 })).message).toBe(
      'timeouts.stepMs must be less than timeouts.requestMs (20), got 20',
    );
  });
});
