import { expect, it } from 'vitest';
import { cpuMs } from '../../test/support/cpu-time';
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
  const startMs = cpuMs();
  for (const text of ['>  '.repeat(39), ' \t> '.repeat(39), '1.  '.repeat(39)]) lexBlocks(`${text}a`);
  expect(cpuMs() - startMs).toBeLessThan(2000);
});

/** Types of the blocks; of a paragraph, and of a formula without its end, the text. */
const shapesOf = (text: string): readonly string[] =>
  lexBlocks(text).map(({ token }) => {
    if (token.type === 'math') return token.isOpen ? token.raw : 'math';
    return token.type === 'paragraph' ? token.text : token.type;
  });

it.each([
  ['\\[\nf(x) = a\n+ b\n\\]', ['math']],
  ['$$\na\n- c\n$$', ['math']],
  ['$$ a\n- c $$', ['math']],
  ['$$\na\n\n+ b\n$$', ['math']],
  ['\\[\na\n=\nb\n\\]', ['math']],
  ['  $$\n# a\n---\n  $$', ['math']],
  ['So\n\\[\na\n+ b\n\\]\nand so on.', ['So', 'math', 'and so on.']],
  ['So\n$$\na\n=\nb\n$$.\n\nEnd', ['So', 'math', '.', 'End']],
  ['- one\n\n\\[\na\n+ b\n\\]', ['list', 'math']],
  ['Title\n===\n\\[\na\n\\]', ['heading', 'math']],
])('a displayed formula is one block, whatever its lines begin with: %j', (text, expected) => {
  expect(shapesOf(text)).toEqual(expected);
  const sources = lexBlocks(text).map(({ source }) => source);
  expect(sources.join('')).toBe(text);
});

it('a displayed formula in an item is part of that', () => {
  const items = lexBlocks('1. So\n\n   \\[\n   a\n   + b\n   \\]\n');
  expect(items.map(({ token }) => token.type)).toEqual(['list']);
  expect(JSON.stringify(items)).toContain('"type":"math"');
});

it.each(['$$', '$$\na\n\n- b\n\n- c\n\n- d', '\\[\na\n=\n+ b\n\nc\n\nd \\', '$$ \na\n+ b $', '\\['])(
  'a displayed formula without its end is one block of text: %j',
  (text) => {
    expect(shapesOf(text)).toEqual([text]);
    expect(shapesOf(`a\n\nb\n${text}`)).toEqual(['a', 'b', text]);
  },
);

it.each([
  ['$$ is expensive\n\n- a', ['$$ is expensive', 'list']],
  ['$$ costs more\n$$$ costs most\n\n- a', ['$$ costs more\n$$$ costs most', 'list']],
  ['$$x$$ - is text\n- a', ['$$x$$ - is text', 'list']],
  ['$$x$$ is meant\n===', ['heading']],
  ['\\[\\] one\n- a', ['\\[\\] one', 'list']],
  ['$$ a\n+ b $', ['$$ a', 'list']],
  ['\\[ a\n+ b', ['\\[ a', 'list']],
  ['End.\n\n\\[link](http://x) not formula **b**', ['End.', '\\[link](http://x) not formula **b**']],
  ['End.\n\n$$ is the **PID**', ['End.', '$$ is the **PID**']],
])('what begins as a displayed formula and is none stays what it is: %j', (text, expected) => {
  expect(shapesOf(text)).toEqual(expected);
});

it.each([
  '- \\[ ] task **one**\n- \\[x] task two\n\nEnd.',
  '1. \\[Optional] set `x` and **y**\n2. more',
  '- $$ is the **PID** of the shell\n- more',
  '> $$ is the **PID**',
  '\\[link](http://x) not formula **b**',
  '$$ is the **PID** of the shell',
])('words behind what could begin a formula are read as what they are: %j', (text) => {
  const read = JSON.stringify(lexBlocks(text));
  expect(read).not.toContain('"type":"math"');
  expect(read).toContain('"type":"strong"');
});

it('a displayed formula that is too long is text', () => {
  const open = `$$\n${'a\n'.repeat(990)}`;
  expect(shapesOf(`${open}\n- b\n$$`)).toEqual(['math']);
  expect(shapesOf(`${open}${'a\n'.repeat(10)}\n- b\n$$`)).toHaveLength(2);
});
