import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { until } from '../../test/support/browser-waits';
import { loadMarkdown } from './lazy-markdown';
import { MarkdownStream } from './markdown-stream';
import { defineParts } from './parts';

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
    '\n$$\n',
    '\n\\[\n',
    '\n\\]\n',
    '\n+ b\n',
    '\n=\n',
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

/** Of 24 UTF-16 units, so that short texts are cut at many places; and one that never cuts. */
const WINDOWS = [24, 1e9];

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

/** Everything that would end a formula, if it were text; so many times that beginnings of it have more blocks than stay open. */
const lines = (count: number): string => 'a\n+ b\n\n- c\n=\n\n# d\n\n'.repeat(count);

it.each([
  ['in brackets', `Before.\n\nSo\n\\[\n${lines(3)}\\]\nbehind`],
  ['in dollars', `Before.\n\nSo\n$$\n${lines(3)}$$.\n\nbehind`],
  ['in an item', `1. So\n\n   \\[\n   a\n   + b\n\n   = c\n   \\]\n\nbehind\n\nall`],
  ['that is too long', `Before.\n\nSo\n$$\n${lines(100)}$$\n\nbehind`],
  ['that turns out to be none', 'Before.\n\n$$\na\n\nb $ c\n\nbehind'],
  ['in brackets that shares its lines', 'Before.\n\nSo\n\\[ a\n= b\n+ c\n- d\n# e\n# f \\]\n\nbehind\n\nall'],
  ['in dollars that shares its lines', 'Before.\n\n  $$ a\n=\nb\n- c\n+ d\n# e $$.\n\nbehind\n\nall'],
  ['of which words follow', 'Before.\n\n$$ a\n# b\n# c\n# d\n# e $$ is text\n\nbehind\n\nall'],
  ['without an end', `Before.\n\n$$ a\n+ b\n\nbehind\n\nall\n\nof it\n\n$$`],
])('a displayed formula %s equals the whole text at each step', (_, text) => {
  const stream = new MarkdownStream();
  for (let length = 1; length <= text.length; length += 1) {
    const prefix = text.slice(0, length);
    expect(htmlOf(stream.update(prefix))).toBe(htmlOf(new MarkdownStream().update(prefix)));
  }
});

describe('a formula among words that fill more than a window', () => {
  const words = (count: number): string => 'Words that go on and on. '.repeat(count);

  it.each([
    ['in dollars', '$$ x\n= a + b \\text{ where } c\n= d $$'],
    ['in brackets', '\\[ x\n= a + b \\text{ where } c\n= d \\]'],
    ['of one line', '$x = a + b \\text{ where } c$'],
    ['of one line in brackets', '\\( x = a + b \\text{ where } c \\)'],
  ])('%s is one wherever the window ends', (_, formula) => {
    for (let count = 1; count < 24; count += 1) {
      const text = `${words(count)}${formula} ${words(9)}`;
      const stream = new MarkdownStream(256);
      for (let length = 40; length < text.length; length += 40) stream.update(text.slice(0, length));
      const host = document.createElement('div');
      host.append(...stream.update(text));
      expect([count, host.querySelectorAll('.math').length]).toEqual([count, 1]);
    }
  });

  it('is text where it has no end, and what goes on is cut as ever', () => {
    const stream = new MarkdownStream(256);
    const text = `${words(3)}$$ ${words(200)}`;
    expect(stream.update(text).length).toBeGreaterThan(10);
    expect(
      stream
        .update(text)
        .map(({ textContent }) => textContent)
        .join(''),
    ).toContain('$$ Words that go on');
  });
});

it('what looked like a displayed formula is made anew as the text that it is', () => {
  const stream = new MarkdownStream();
  const begun = '$$\na\n\n';
  stream.update(begun);
  expect(htmlOf(stream.update(`${begun}b $ c`))).toBe(htmlOf(new MarkdownStream().update(`${begun}b $ c`)));
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

describe('once an answer has ended', () => {
  const lines = (count: number, line: (n: number) => string): string =>
    Array.from({ length: count }, (_, n) => line(n)).join('\n');
  const end = '\n\nAnd **so** on.\n';
  const code = lines(450, (n) => `   const value${n} = next(${n});`);
  const uncut = (text: string): string => htmlOf(new MarkdownStream(1e9).update(text));
  /** Nobody sees the last end of a line of code. */
  const visible = (html: string): string => html.replaceAll('\n</code>', '</code>');
  const mended = async (stream: MarkdownStream, text: string): Promise<readonly HTMLElement[]> => {
    stream.update(text);
    await stream.mend();
    return stream.update(text);
  };

  it('equals what it is where nothing was cut, however short the windows', async () => {
    const check = async (text: string): Promise<void> => {
      expect(visible(htmlOf(await mended(new MarkdownStream(24), text)))).toBe(visible(uncut(text)));
    };
    await fc.assert(fc.asyncProperty(markdown, check), { numRuns: 100, seed: 8 });
  });

  it.each([
    ['code in a step', `1. First:\n\n   ~~~js\n${code}\n   ~~~\n\n2. Then.${end}`],
    ['a nested list', `- All:\n${lines(400, (n) => `    - **item** ${n} of them all, and more`)}${end}`],
    ['a paragraph', `${lines(200, (n) => `A sentence with **words that are bold ${n}**`).replaceAll('\n', ' ')}${end}`],
    ['a table', `|a|b|\n|-|-|\n${lines(300, (n) => `| row number ${n} | and \`code\` |`)}${end}`],
    ['a quotation', `${lines(300, (n) => `> line ${n} of what **somebody** said`)}${end}`],
  ])('%s is whole, and what was whole before is the same element', async (_, text) => {
    const stream = new MarkdownStream();
    const before = stream.update(`Before.\n\n${text}`);
    const after = await mended(stream, `Before.\n\n${text}`);
    expect(htmlOf(after)).toBe(uncut(`Before.\n\n${text}`));
    expect(after.length).toBe(3);
    expect(after[0]).toBe(before[0]);
  });

  it('a block that is too long for one task keeps its pieces', async () => {
    const stream = new MarkdownStream();
    const text = `${lines(1000, (n) => `- item ${n} of **many**`)}${end}`;
    const before = stream.update(text);
    expect(before.length).toBeGreaterThan(5);
    expect(await mended(stream, text)).toEqual(before);
  });

  it('what stands below a block that is too long for one task is no part of it', async () => {
    const after = await mended(new MarkdownStream(), `1. First:\n\n   ~~~js\n${lines(3, () => code)}\n   ~~~${end}`);
    expect(after.at(-1)?.innerHTML).toBe('<p>And <strong>so</strong> on.</p>');
  });

  it('another answer is not taken for it', async () => {
    const stream = new MarkdownStream(24);
    stream.update(`- ${'word '.repeat(40)}`);
    const mending = stream.mend();
    stream.update('Another one.');
    expect(await mending).toBe(false);
    expect(htmlOf(stream.update('Another one.'))).toBe(uncut('Another one.'));
  });

  it('its view shows it so', async () => {
    defineParts();
    await loadMarkdown();
    const text = `1. First:\n\n   ~~~js\n${code}\n   ~~~${end}`;
    const view = document.body.appendChild(document.createElement('forgelight-message'));
    const answer = { role: 'assistant', id: 1, text, firstTokenMs: 1 } as const;
    view.message = { ...answer, status: { kind: 'writing' } };
    const shown = (): string => view.renderRoot.querySelector('.prose')?.textContent ?? '';
    await until(() => shown().length > text.length * 0.8);
    expect(view.renderRoot.querySelector('strong')).toBe(null);
    view.message = { ...answer, status: { kind: 'finished', reason: 'stop', timings: null } };
    await until(() => view.renderRoot.querySelector('strong')?.textContent === 'so');
    view.remove();
  });
});
