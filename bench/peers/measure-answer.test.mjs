import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { measureAnswer } from './page/bench.mjs';
import { COUNTED } from './page/counters.mjs';

const PROMPT = { text: 'three of them', ids: [1, 2, 3] };
let dispatches = 0;

beforeEach(() => {
  dispatches = 100;
  vi.useFakeTimers({ toFake: ['performance'] });
  vi.stubGlobal('self', { benchCounts: () => COUNTED.map((name) => (name === 'dispatches' ? dispatches : 4)) });
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

/** An engine that reads a prompt in 2 s and makes a token each 500 ms. @param {{ promptTokens?: number, made?: number, told?: number }} [does] */
function engine({ promptTokens = 3, made = 4, told = 4 } = {}) {
  return {
    /** @param {unknown} _prompt @param {number} _tokens @param {() => void} onToken */
    generate: async (_prompt, _tokens, onToken) => {
      vi.advanceTimersByTime(1500);
      for (let i = 0; i < told; i++) {
        vi.advanceTimersByTime(500);
        dispatches += 10;
        onToken();
      }
      vi.advanceTimersByTime(9000);
      return { promptTokens, tokens: made };
    },
  };
}

describe('an answer that is measured', () => {
  it('has its prompt until the first token, the others until the last, and what was counted meanwhile', async () => {
    const { counts, ...seconds } = await measureAnswer(engine(), PROMPT, 4);
    expect(seconds).toEqual({ prefillSeconds: 2, decodeSeconds: 1.5 });
    expect(counts).toMatchObject({ dispatches: 40, submits: 0 });
  });

  it.each([
    [{ promptTokens: 1 }, '1 + 4 and told of 4'],
    [{ made: 3 }, '3 + 3 and told of 4'],
    [{ told: 3 }, '3 + 4 and told of 3'],
  ])('is none where the engine did less than it was asked for: %j', async (does, told) => {
    await expect(measureAnswer(engine(does), PROMPT, 4)).rejects.toThrow(
      `Asked for 3 + 4 tokens, it computed ${told}.`,
    );
  });
});
