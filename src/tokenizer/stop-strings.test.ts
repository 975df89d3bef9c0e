import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cpuMs } from '../../test/support/cpu-time';
import { createStopMatcher } from './stop-strings';

function run(
  stops: readonly string[],
  pieces: readonly string[],
): { readonly pushed: string[]; readonly rest: string; readonly stopped: boolean } {
  const matcher = createStopMatcher(stops);
  let stopped = false;
  const pushed = pieces.map((piece) => {
    const result = matcher.push(piece);
    stopped = result.stopped;
    return result.text;
  });
  return { pushed, rest: matcher.flush(), stopped };
}

describe('stop strings', () => {
  it('end the text before them, also when they come in pieces', () => {
    expect(run(['STOP'], ['abSTOPcd', 'e'])).toEqual({ pushed: ['ab', ''], rest: '', stopped: true });
    expect(run(['STOP'], ['ab', 'cS', 'T', 'O', 'Pd'])).toEqual({
      pushed: ['ab', 'c', '', '', ''],
      rest: '',
      stopped: true,
    });
  });

  it('hold back no more than what may begin one, and give it when it does not', () => {
    expect(run(['STOP'], ['xST', 'x', 'S'])).toEqual({ pushed: ['x', 'STx', ''], rest: 'S', stopped: false });
    expect(run(['aab'], ['aaa', 'a', 'c'])).toEqual({ pushed: ['a', 'a', 'aac'], rest: '', stopped: false });
  });

  it('stop at the first one to be complete; of those that end there the longest is cut', () => {
    expect(run(['abcd', 'bc'], ['xabcd'])).toEqual({ pushed: ['xa'], rest: '', stopped: true });
    expect(run(['c', 'abc', 'bc'], ['xabc'])).toEqual({ pushed: ['x'], rest: '', stopped: true });
  });

  it('may be none', () => expect(run([], ['ab', ''])).toEqual({ pushed: ['ab', ''], rest: '', stopped: false }));

  it('must not be empty', () => {
    expect(() => createStopMatcher(['a', ''])).toThrow(
      expect.objectContaining({ code: 'invalid-request', param: 'stop' }),
    );
  });

  it('never cut a surrogate pair', () => {
    // 👍 and 👎 begin with the same unit
    expect(run(['👍!'], ['👎', 'a👍', '?'])).toEqual({ pushed: ['👎', 'a', '👍?'], rest: '', stopped: false });
  });

  const short = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: 1, maxLength: 4 });

  it('are found as a search in the whole text finds them, however it is cut', () => {
    fc.assert(
      fc.property(
        fc.array(short, { maxLength: 4 }),
        fc.array(fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 5 })),
        (stops, pieces) => {
          const found = run(stops, pieces);
          const expected = naive(stops, pieces.join(''));
          expect(found.pushed.join('') + found.rest).toBe(expected.text);
          expect(found.stopped).toBe(expected.stopped);
          if (!found.stopped) expect(held(pieces, found.pushed)).toEqual(longestHeld(stops, pieces));
        },
      ),
      { seed: 9, numRuns: 5000 },
    );
  });

  it('take one step a character', () => {
    const matcher = createStopMatcher(['a'.repeat(1000) + 'b', 'a'.repeat(999) + 'c']);
    const start = cpuMs();
    for (let n = 0; n < 1000; n += 1) matcher.push('a'.repeat(1000));
    expect(cpuMs() - start).toBeLessThan(5000);
  });
});

/** The stop string that is complete first, of several the longest. */
function naive(stops: readonly string[], text: string): { readonly text: string; readonly stopped: boolean } {
  for (let end = 1; end <= text.length; end += 1) {
    const lengths = stops.filter((stop) => text.slice(0, end).endsWith(stop)).map((stop) => stop.length);
    if (lengths.length > 0) return { text: text.slice(0, end - Math.max(...lengths)), stopped: true };
  }
  return { text, stopped: false };
}

/** What was held back after each push. */
function held(pieces: readonly string[], pushed: readonly string[]): string[] {
  return pieces.map((_, index) =>
    pieces
      .slice(0, index + 1)
      .join('')
      .slice(pushed.slice(0, index + 1).join('').length),
  );
}

/** The longest end of the text so far that begins a stop string. */
function longestHeld(stops: readonly string[], pieces: readonly string[]): string[] {
  return pieces.map((_, index) => {
    const text = pieces.slice(0, index + 1).join('');
    const ends = Array.from(text, (_unit, start) => text.slice(start));
    return ends.find((end) => stops.some((stop) => stop.startsWith(end))) ?? '';
  });
}
