import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
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
];

const markdown = fc.array(fc.constantFrom(...PIECES), { maxLength: 40 }).map((pieces) => pieces.join(''));

function htmlOf(elements: readonly HTMLElement[]): string {
  return elements.map((element) => element.outerHTML).join('');
}

describe('a streamed answer', () => {
  it('equals the whole text at once, at every step and however it is cut', () => {
    const check = ([text, cuts]: readonly [string, readonly number[]]): void => {
      const stream = new MarkdownStream();
      for (const cut of [...cuts].sort((a, b) => a - b)) {
        const prefix = text.slice(0, cut);
        expect(htmlOf(stream.update(prefix))).toBe(htmlOf(new MarkdownStream().update(prefix)));
      }
      expect(htmlOf(stream.update(text))).toBe(htmlOf(new MarkdownStream().update(text)));
    };
    const cases = markdown.chain((text) =>
      fc.tuple(fc.constant(text), fc.array(fc.nat(text.length), { maxLength: 12 })),
    );
    fc.assert(fc.property(cases, check), { numRuns: 1500, seed: 20260731 });
  });

  it('equals it character by character', () => {
    const check = (text: string): void => {
      const stream = new MarkdownStream();
      for (let length = 0; length < text.length; length += 1) stream.update(text.slice(0, length));
      expect(htmlOf(stream.update(text))).toBe(htmlOf(new MarkdownStream().update(text)));
    };
    fc.assert(fc.property(markdown, check), { numRuns: 300, seed: 4 });
  });
});
