import { expect, it } from 'vitest';
import { lexBlocks } from './markdown-lexer';

/** Levels of what lies in each other, as the nodes that are made of it. */
function depthOf(value: unknown): number {
  let [depth, level] = [0, [value]];
  for (; level.length > 0; depth += 1) {
    level = level.flatMap((one) => (typeof one === 'object' && one !== null ? Object.values(one) : []));
  }
  return depth;
}

const STEPS = Array.from({ length: 120 }, (_, n) => `${'  '.repeat(n)}- a`).join('\n');

it.each([
  ['quotations', '>'.repeat(4000)],
  ['spaced quotations', '> '.repeat(2000)],
  ['lists', '1. '.repeat(1300)],
  ['quoted lists', '> - '.repeat(1000)],
  ['quotations in a list', `- a\n\n  ${'>'.repeat(4000)}`],
  ['a list in steps', STEPS],
  ['strong text', '**'.repeat(4000) + 'a' + '**'.repeat(4000)],
  ['emphasis', '*a '.repeat(600) + 'b' + ' a*'.repeat(600)],
  ['emphasis in a cell', `|a|\n|-|\n|${'*a '.repeat(400)}b${' a*'.repeat(400)}|\n`],
])('%s in each other, thousands deep, are blocks that can be shown', (_, text) => {
  const blocks = lexBlocks(text);
  expect(blocks.map(({ source }) => source).join('')).toBe(text);
  expect(depthOf(blocks)).toBeLessThan(300);
});

it('so many markers that people write are lists and quotations', () => {
  expect(lexBlocks(`${'> - '.repeat(10)}a`)[0]?.token.type).toBe('blockquote');
  expect(lexBlocks('- a\n  - b\n    - c\n')[0]?.token.type).toBe('list');
  expect(lexBlocks(`> ${'-'.repeat(60)}\n`)[0]?.token.type).toBe('blockquote');
});

it('almost so many that they are text are read at once', () => {
  const startMs = performance.now();
  for (const text of ['>  '.repeat(39), ' \t> '.repeat(39), '1.  '.repeat(39)]) lexBlocks(`${text}a`);
  expect(performance.now() - startMs).toBeLessThan(2000);
});
