import { describe, expect, it } from 'vitest';
import { choiceConverter, numberConverter, textConverter } from './attributes';

describe('what an attribute says, as docs/ELEMENT.md has it', () => {
  it.each([
    ['lazy', 'lazy'],
    ['at once', 'manual'],
    ['LAZY', 'manual'],
    ['', 'manual'],
    [null, 'manual'],
  ])('of words: %o is %s', (value, word) => {
    expect(choiceConverter(['manual', 'lazy', 'eager']).fromAttribute?.(value)).toBe(word);
  });

  it.each([
    ['0.5', 0.5],
    [' 2048 ', 2048],
    ['-1', -1],
    ['hot', null],
    ['2,048', null],
    ['Infinity', null],
    [' ', null],
    [null, null],
  ])('of numbers: %o is %s', (value, number) => {
    expect(numberConverter.fromAttribute?.(value)).toBe(number);
  });

  it('of texts: nothing is empty, and empty is nothing', () => {
    expect([null, '', 'a'].map((value) => textConverter.fromAttribute?.(value))).toEqual(['', '', 'a']);
    expect(['', 'a'].map((value) => textConverter.toAttribute?.(value))).toEqual([null, 'a']);
  });
});
