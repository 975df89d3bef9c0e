import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { MarkdownStream } from './markdown-stream';

/** Pieces whose meaning depends on what stands before and after them. */
const PIECES = [
  ...['a', 'word ', ' ', '  ', '    ', '\t', '\n', '\n\n', '\r\n', '\r', '.', '|', '\\', '\u00a0', 'ä', '🙂'],
  ...[
    '# ',
    '## ',
    '===',
    '---',
    '***',
    '- ',
    '* ',
    '+ ',
    '1. ',
    '2) ',
    '- [ ] ',
    '> ',
    '>> ',
    '```',
    '```js\n',
    '~~~',
    '`',
    '``',
  ],
  ...[
    '**',
    '*',
    '_',
    '__',
    '~~',
    '[',
    ']',
    '(',
    ')',
    '](',
    '[a](https://b.org)',
    '![',
    '<',
    '>',
    '</',
    '<!--',
    '-->',
    '<div>',
    '</div>',
  ],
  ...[
    '<script>',
    '<pre>',
    '<?',
    '<![CDATA[',
    '[x]: ',
    '[x]: https://b.org\n',
    '|a|b|\n',
    '|-|-|\n',
    '|:-:|',
    'http://a.b',
    '&amp;',
    '&#60;',
  ],
  ...[
    '$',
    '$$',
    '$x^2$',
    '\\(',
    '\\)',
    '\\[',
    '\\]',
    '```\nlong line of code\n',
    'Words that go on. ',
    '\n1. one\n2. two\n',
    '\n> ',
  ],
];

const markdown = fc.array(fc.constantFrom(...PIECES), { maxLength: 50 }).map((pieces) => pieces.join(''));

function htmlOf(elements: readonly HTMLElement[]): string {
  return elements.map((element) => element.outerHTML).join('');
}

/** Of 24 UTF-16 units, so that short texts are cut at many places; as it is used; and one that never cuts. */
const WINDOWS = [24, 4096, 1e9];

describe.each(WINDOWS)('a streamed answer that is read in windows of %d', (window) => {
  const whole = (text: string): string => htmlOf(new MarkdownStream(window).update(text));

  it('equals the whole text at once, at every step and however it is cut', () => {
    const check = ([text, cuts]: readonly [string, readonly number[]]): void => {
      const stream = new MarkdownStream(window);
      for (const cut of [...cuts].sort((a, b) => a - b)) {
        const prefix = text.slice(0, cut);
        expect(htmlOf(stream.update(prefix))).toBe(whole(prefix));
      }
      expect(htmlOf(stream.update(text))).toBe(whole(text));
    };
    const cases = markdown.chain((text) =>
      fc.tuple(fc.constant(text), fc.array(fc.nat(text.length), { maxLength: 12 })),
    );
    fc.assert(fc.property(cases, check), { numRuns: 1000, seed: 20260731 });
  });

  it('equals it character by character', () => {
    const check = (text: string): void => {
      const stream = new MarkdownStream(window);
      for (let length = 0; length < text.length; length += 1) stream.update(text.slice(0, length));
      expect(htmlOf(stream.update(text))).toBe(whole(text));
    };
    fc.assert(fc.property(markdown, check), { numRuns: 200, seed: 4 });
  });
});

it.each([
  ['quotations', '> '.repeat(2000)],
  ['strong text', `${'**'.repeat(2000)}a${'**'.repeat(2000)}`],
])('goes on below %s in each other, thousands deep', (_, deep) => {
  const stream = new MarkdownStream();
  for (let length = 500; length < deep.length; length += 500) stream.update(deep.slice(0, length));
  document.body.append(...stream.update(`${deep}\n\nbelow`));
  const shown = [...document.querySelectorAll('.block')];
  expect(shown.at(-1)?.textContent).toBe('below');
  expect(shown.at(-1)?.getBoundingClientRect().height).toBeGreaterThan(0);
  for (const element of shown) element.remove();
});

it('shows the source of a block whose nodes cannot be made, and goes on', () => {
  const { createElement } = document;
  const made = vi.spyOn(document, 'createElement').mockImplementation((tag: string) => {
    if (tag === 'hr') throw new RangeError('Maximum call stack size exceeded');
    return createElement.call(document, tag);
  });
  const texts = new MarkdownStream().update('a\n\n---\n\nb').map(({ textContent }) => textContent.trim());
  made.mockRestore();
  expect(texts).toEqual(['a', '---', 'b']);
});
