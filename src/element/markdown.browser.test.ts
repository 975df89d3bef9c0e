import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { XSS_PAYLOADS } from '../../test/support/xss-payloads';
import { MarkdownStream } from './markdown-stream';

const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  DIV: ['class', 'tabindex', 'role', 'aria-label'],
  PRE: ['data-language', 'tabindex', 'role', 'aria-label'],
  A: ['href', 'target', 'rel'],
  OL: ['start'],
  TH: ['align'],
  TD: ['align'],
  ...Object.fromEntries(
    'P BR HR STRONG EM DEL CODE BLOCKQUOTE UL LI H4 H5 H6 TABLE THEAD TBODY TR'.split(' ').map((tag) => [tag, []]),
  ),
};

/** Where a payload may stand in an answer. */
const CONTEXTS: readonly ((payload: string) => string)[] = [
  (payload) => payload,
  (payload) => `Here **it is** ${payload} and more\n\nNext.`,
  (payload) => `- one\n- ${payload}\n\n> two\n\nthree`,
];

let host: HTMLElement;
const hits: string[] = [];

beforeAll(() => {
  Object.assign(window, { hit: () => hits.push('called') });
  host = document.body.appendChild(document.createElement('section'));
});

afterAll(() => host.remove());

/** Everything in `root` that the page does not allow. */
function offences(root: Element): string[] {
  return [...root.querySelectorAll('*')].flatMap((element) => {
    const allowed = ALLOWED[element.tagName];
    if (allowed === undefined) return [`<${element.tagName}>`];
    const attributes = element
      .getAttributeNames()
      .filter((name) => !allowed.includes(name))
      .map((name) => `${element.tagName} ${name}`);
    if (element.tagName !== 'A' || !element.hasAttribute('href')) return attributes;
    const { protocol, target, rel } = element as HTMLAnchorElement;
    const safe = ['http:', 'https:', 'mailto:'].includes(protocol) && target === '_blank' && rel.includes('noopener');
    return safe ? attributes : [...attributes, element.outerHTML];
  });
}

function show(stream: MarkdownStream, text: string): void {
  host.replaceChildren(...stream.update(text));
}

function oneShot(text: string): string {
  return new MarkdownStream()
    .update(text)
    .map((element) => element.outerHTML)
    .join('');
}

function requestsTo(name: string): string[] {
  return performance
    .getEntriesByType('resource')
    .map((entry) => entry.name)
    .filter((url) => url.includes(name));
}

describe('hostile markdown', () => {
  it('has many payloads', () => {
    expect(new Set(XSS_PAYLOADS).size).toBeGreaterThanOrEqual(90);
  });

  it('the check itself finds what must not be there', () => {
    host.innerHTML = '<p onclick="x">a</p><u>b</u><a href="ftp://x">c</a><a href="https://x">d</a>';
    expect(offences(host)).toHaveLength(4);
  });

  it.each(XSS_PAYLOADS)('%j, split everywhere, leaves only what is allowed', (payload) => {
    for (const context of CONTEXTS) {
      const text = context(payload);
      const whole = oneShot(text);
      for (let split = 0; split <= text.length; split += 1) {
        const stream = new MarkdownStream();
        show(stream, text.slice(0, split));
        expect(offences(host), `first ${split} characters`).toEqual([]);
        show(stream, text);
        expect(host.innerHTML, `split at ${split}`).toBe(whole);
      }
      expect(offences(host)).toEqual([]);
    }
  });

  it('runs nothing and asks no server for anything', async () => {
    const control = new Image();
    const failed = new Promise((resolve) => control.addEventListener('error', resolve));
    control.src = 'https://control.invalid/pixel.png';
    await failed;
    expect(requestsTo('control.invalid')).toHaveLength(1);
    expect(requestsTo('evil.invalid')).toEqual([]);
    expect(hits).toEqual([]);
  });
});

describe('what markdown becomes', () => {
  const html = (text: string): string =>
    oneShot(text).replaceAll(/<div class="block">|<\/div>(?=<div class="block">|$)|\n/g, '');

  it.each([
    ['**a** *b* ~~c~~ `d`', '<p><strong>a</strong> <em>b</em> <del>c</del> <code>d</code></p>'],
    ['one\ntwo', '<p>one<br>two</p>'],
    ['# top', '<h4>top</h4>'],
    ['#### deep', '<h6>deep</h6>'],
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
      '<pre data-language="js" tabindex="0" role="group" aria-label="Code in js"><code>x &lt; 1</code></pre>',
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
    expect(later.map((element) => element.textContent)).toEqual(['one\n', 'two\n', 'three\n', 'four five\n']);
  });

  it('begins anew when the text is another one', () => {
    const stream = new MarkdownStream();
    stream.update('one\n\ntwo\n\nthree\n\nfour');
    expect(stream.update('other').map((element) => element.textContent)).toEqual(['other\n']);
  });

  it('ten thousand tokens of paragraphs take no longer at the end than at the beginning', () => {
    const stream = new MarkdownStream();
    const paragraph = 'Some words that a model wrote, **with** `marks`.\n\n';
    let text = '';
    let parsed = 0;
    for (let block = 0; block < 500; block += 1) {
      text += paragraph;
      const before = new Set(host.children);
      show(stream, text);
      parsed += [...host.children].filter((element) => !before.has(element)).length;
    }
    expect(host.children).toHaveLength(500);
    expect(parsed).toBeLessThanOrEqual(1500);
  });
});
