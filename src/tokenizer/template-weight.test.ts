import { expect, it } from 'vitest';
import { TemplateTooCostly } from './template-errors';
import { listValue, textValue } from './template-values';
import { createWeigher } from './template-weight';

const MOST = 2 ** 21;
/** What a list costs besides its entry's text. */
const AROUND = 1 + 128;

it('a value is as large as it may be, and no larger', () => {
  const weigher = createWeigher();
  const text = (length: number) => textValue('a'.repeat(length));
  expect(weigher.weigh(text(MOST))).toBe(MOST);
  expect(() => weigher.weigh(text(MOST + 1))).toThrow(TemplateTooCostly);
  expect(weigher.weigh(listValue([text(MOST - AROUND)]))).toBe(MOST);
  expect(() => weigher.weigh(listValue([text(MOST - AROUND + 1)]))).toThrow(TemplateTooCostly);
});
