import { expect, it } from 'vitest';
import { PROMISED_SECONDS, totalLine } from './check-time.mjs';

it('a check says how long it took, and when that is longer than is promised', () => {
  expect(totalLine(PROMISED_SECONDS)).toBe('        120.0 s  in all');
  expect(totalLine(PROMISED_SECONDS + 1)).toMatch(
    /^ {8}121\.0 s {2}in all: more than the 120 s that it is to take on two/,
  );
});
