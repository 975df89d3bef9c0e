import { describe, expect, it } from 'vitest';
import { until } from '../../test/support/browser-waits';
import { MarkdownStream } from './markdown-stream';

function oneShot(text: string): string {
  return new MarkdownStream()
    .update(text)
    .map((element) => element.outerHTML)
    .join('');
}

describe('what markdown becomes', () => {
  const html = (text: string): string =>
    oneShot(text).replaceAll(/<div class="block" dir="auto">|<\/div>(?=<div class="block"|$)|\n/g, '');

  it.each([
    ['**a** *b* ~~c~~ `d`', '<p><strong>a</strong> <em>b</em> <del>c</del> <code dir="ltr">d</code></p>'],
    ['one\ntwo', '<p>one<br>two</p>'],
    ['# top', '<h4>top</h4>'],
    ['#### deep', '<h6>deep</h6>'],
    ['1984. c', '<ol start="1984" class="wide"><li>c</li></ol>'],
    ['99999. c\n100000. d', '<ol start="99999" class="wider"><li>c</li><li>d</li></ol>'],
    ['3. c', '<ol start="3"><li>c</li></ol>'],
    ['- [x] done', '<ul><li>☑ done</li></ul>'],
    ['<b>raw</b>', '<p>&lt;b&gt;raw&lt;/b&gt;</p>'],
    ['1 < 2 & 3', '<p>1 &lt; 2 &amp; 3</p>'],
    ['[a](https://b.org/)', '<p><a href="https://b.org/" target="_blank" rel="noopener noreferrer">a</a></p>'],
    ['[a](mailto:a@b.org)', '<p><a href="mailto:a@b.org" target="_blank" rel="noopener noreferrer">a</a></p>'],
    ['[a](javascript:x)', '<p>a</p>'],
    ['[a](/relative)', '<p>a</p>'],
    [
      '![cat](https://b.org/c.png)',
      '<p><a href="https://b.org/c.png" target="_blank" rel="noopener noreferrer">Image: cat</a></p>',
    ],
    [
      '```js\nx < 1\n```',
      '<pre data-language="js" tabindex="0" role="group" aria-label="Code in js"><code dir="ltr">x &lt; 1</code></pre>',
    ],
  ])('%j', (text, expected) => {
    expect(html(text)).toBe(expected);
  });
});

describe('MarkdownStream', () => {
  it('keeps the elements of finished blocks', () => {
    const stream = new MarkdownStream();
    const first = stream.update('one\n\ntwo\n\nthree\n\nfo')[0];
    const later = stream.update('one\n\ntwo\n\nthree\n\nfour **five**');
    expect(later[0]).toBe(first);
    expect(later.map((element) => element.textContent)).toEqual(['one', 'two', 'three', 'four five']);
  });

  it('begins anew when the text is another one', () => {
    const stream = new MarkdownStream();
    stream.update('one\n\ntwo\n\nthree\n\nfour');
    expect(stream.update('other').map((element) => element.textContent)).toEqual(['other']);
  });
});

describe('formulas', () => {
  const formulasOf = (text: string): readonly string[] =>
    new MarkdownStream()
      .update(text)
      .flatMap((element) => [...element.querySelectorAll('.math')].map(({ textContent }) => textContent));

  it.each([
    ['a $x^2$ b', ['$x^2$']],
    ['$x$ and $y$.', ['$x$', '$y$']],
    ['\\(a_1 * b * c\\)', ['\\(a_1 * b * c\\)']],
    ['So\n$$\n\\frac{a}{b}\n$$\nor', ['$$\n\\frac{a}{b}\n$$']],
    ['\\[ x = y \\]', ['\\[ x = y \\]']],
    ['It costs $5, or $10 a year.', []],
    ['$5 and 10$', []],
    ['between 5$ and 10$', []],
    ['US$5-US$10', []],
    ['$HOME and $PATH', []],
    ['\\$5 to $6\\$', []],
    ['`$x$`', []],
    ['$x', []],
    ['$$x', []],
    ['$$\nx', ['$$\nx']],
    ['So\n  $$\n  a\n  + b\n  $$.\n\nor', ['$$\n  a\n  + b\n  $$']],
    ['- so\n\n  \\[\n  a\n  + b\n  \\]\n', ['\\[\na\n+ b\n\\]']],
    ['> \\[\n> a\n> = b\n> \\]', ['\\[\na\n= b\n\\]']],
    ['$$ costs much\n\nand $$$ more', []],
  ])('%j', (text, expected) => {
    expect(formulasOf(text)).toEqual(expected);
  });
});

describe('what comes late', () => {
  const rendered = (text: string): HTMLElement => {
    const element = document.createElement('div');
    element.append(...new MarkdownStream().update(text));
    return element;
  };

  it('formulas are MathML, and their source where they are none', async () => {
    const element = rendered('$a_1$, $\\nonsense{$ and\n$$\n\\frac{a}{b}\n$$');
    expect(element.querySelector('math')).toBe(null);
    await until(() => element.querySelectorAll('math').length === 2);
    expect(element.querySelector('math msub')?.textContent).toBe('a1');
    expect(element.querySelector('math[display=block] mfrac')?.textContent).toBe('ab');
    expect(element.textContent).toContain('$\\nonsense{$');
  });

  it('a displayed formula is MathML whatever its lines begin with, and its source until its end is there', async () => {
    const element = rendered('So\n  \\[\n  f = a\n  + b\n  =\n  \\]\n\n$$\n- c\n+ d');
    await until(() => element.querySelector('math[display=block]') !== null);
    expect(element.querySelectorAll('math, ul, h4, h5')).toHaveLength(1);
    expect(element.lastElementChild?.textContent).toBe('$$\n- c\n+ d');
  });

  it('code that is complete has colours, by the names that models give languages', async () => {
    const element = rendered('```ts\nconst x = "a<b"; // c\n```\n\n```brainf\n+++\n```\n\n```js\nconst open');
    await until(() => element.querySelector('.code-keyword') !== null);
    expect(element.querySelector('code')?.innerHTML).toBe(
      '<span class="code-keyword">const</span> x = <span class="code-string">"a&lt;b"</span>; <span class="code-comment">// c</span>\n',
    );
    expect(element.querySelectorAll('pre:has(span)')).toHaveLength(1);
  });

  it('code that would take too long for a task keeps its one colour', async () => {
    const element = rendered(`\`\`\`js\n${'const x = 1;\n'.repeat(500)}\`\`\`\n\n\`\`\`js\nconst x\n\`\`\`\n`);
    await until(() => element.querySelector('.code-keyword') !== null);
    expect(element.querySelectorAll('pre:has(span)')).toHaveLength(1);
  });
});

it('an image is a link: nobody is asked for it before a click', async () => {
  performance.clearResourceTimings();
  const host = document.body.appendChild(document.createElement('div'));
  for (const text of ['![cat](https://asked.invalid/c.png)', '[![cat](https://asked.invalid/d.png)](https://b.org/)']) {
    host.append(...new MarkdownStream().update(text));
  }
  expect([...host.querySelectorAll('a')].map(({ href }) => href)).toEqual([
    'https://asked.invalid/c.png',
    'https://b.org/',
  ]);
  expect(host.querySelector('img, picture, object, video, [src], [srcset], [style]')).toBe(null);
  const control = new Image();
  const failed = new Promise((resolve) => control.addEventListener('error', resolve));
  control.src = 'https://control.invalid/pixel.png';
  await failed;
  const asked = performance.getEntriesByType('resource').filter(({ name }) => name.includes('invalid'));
  expect(asked.map(({ name }) => name)).toEqual(['https://control.invalid/pixel.png']);
  host.remove();
});
