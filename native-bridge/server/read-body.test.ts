import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cpuMs } from '../../test/support/cpu-time';
import { parseJson } from './read-body';

const parse = (text: string): unknown => parseJson(new TextEncoder().encode(text));
const nested = (depth: number, inside = ''): string => '['.repeat(depth) + inside + ']'.repeat(depth);

describe('the body of a request', () => {
  it('is JSON as JSON.parse reads it', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 8 }), (value) => {
        const text = JSON.stringify(value);
        expect(parse(text)).toEqual(JSON.parse(text));
      }),
      { seed: 9, numRuns: 200 },
    );
  });

  it('is nested no deeper than any request is, brackets in texts left out', () => {
    expect(parse(nested(64))).toEqual(JSON.parse(nested(64)));
    expect(parse(nested(64, JSON.stringify(`${nested(99)}"\\`)))).toBeDefined();
    for (const text of [nested(65), `{"a":${nested(64)}}`, nested(30, `"\\\\",${nested(35)}`)]) {
      expect(() => parse(text)).toThrow(/nested more than 64 deep/);
    }
  });

  it.each([
    ['text that does not end', `"${'\\"'.repeat(40_000)}`],
    ['backslashes', `"${'\\'.repeat(80_001)}`],
    ['quotes', '"'.repeat(80_001)],
    ['brackets', ']['.repeat(40_000)],
  ])('takes no longer for %s than for any other of its length', (_name, text) => {
    const startedMs = cpuMs();
    expect(() => parse(text)).toThrow(/no JSON/);
    // Its square would be half a minute, on any computer.
    expect(cpuMs() - startedMs).toBeLessThan(2_000);
  });
});
