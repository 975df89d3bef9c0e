import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { XSS_PAYLOADS } from '../../test/support/xss-payloads';
import { until } from '../../test/support/browser-waits';
import { MarkdownStream, proseStyles } from './markdown-stream';

const SCROLLABLE = ['tabindex', 'role', 'aria-label'];
const PLAIN = 'P BR HR STRONG EM DEL BLOCKQUOTE UL LI H4 H5 H6 TABLE THEAD TBODY TR';
const MATHML =
  'math mrow mi mn mo mtext mspace mfrac msqrt mroot mstyle mpadded mphantom menclose msub msup msubsup munder mover munderover mtable mtr mtd';
const MATHML_ATTRIBUTES =
  'display displaystyle scriptlevel mathvariant stretchy symmetric fence separator form largeop movablelimits lspace rspace minsize maxsize linethickness accent accentunder width height depth voffset columnalign rowspacing columnspacing columnlines rowlines columnspan notation style';
/** Written here again on purpose: what the code allows is not what decides. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  DIV: ['class', 'dir', ...SCROLLABLE],
  SPAN: ['class', ...SCROLLABLE],
  CODE: ['dir'],
  PRE: ['data-language', ...SCROLLABLE],
  A: ['href', 'target', 'rel'],
  OL: ['start', 'class'],
  TH: ['align'],
  TD: ['align'],
  ...Object.fromEntries(PLAIN.split(' ').map((tag) => [tag, []])),
  ...Object.fromEntries(MATHML.split(' ').map((tag) => [tag, MATHML_ATTRIBUTES.split(' ')])),
};
const CLASSES = /^(?:block(?: continued)?|math(?: display)?|code-[a-z]+|wider?)$/;
const STYLE = /^(?:(?:color|padding-left|padding-right|text-align): [\w#., ()-]+; ?)*$/;

let host: HTMLElement;
const hits: string[] = [];

beforeAll(() => {
  Object.assign(window, { hit: () => hits.push('called') });
  host = document.body.appendChild(document.createElement('section'));
});

afterEach(() => void vi.restoreAllMocks());

afterAll(() => host.remove());

function isSafeLink({ protocol, target, rel }: HTMLAnchorElement): boolean {
  return ['http:', 'https:', 'mailto:'].includes(protocol) && target === '_blank' && rel.includes('noopener');
}

/** Everything in `root` that the page does not allow. */
function offences(root: ParentNode): string[] {
  const found: string[] = [];
  for (const element of root.querySelectorAll('*')) {
    const allowed = ALLOWED[element.tagName];
    if (allowed === undefined) found.push(`<${element.tagName}>`);
    for (const { name, value } of element.attributes) {
      if (allowed !== undefined && !allowed.includes(name)) found.push(`${element.tagName} ${name}`);
      if (name === 'class' && !CLASSES.test(value)) found.push(`class ${value}`);
      if (name === 'style' && (!STYLE.test(value) || /url/i.test(value))) found.push(`style ${value}`);
    }
    if (element instanceof HTMLAnchorElement && element.hasAttribute('href') && !isSafeLink(element)) {
      found.push(element.outerHTML);
    }
  }
  return found;
}

/**
 * Character by character, so that every place where two parts can meet was an end once. `window` is how much is read together: a short one
 * cuts even short texts.
 */
function offencesOf(payload: string, before = '', window = 4096): string[] {
  const found: string[] = [];
  const stream = new MarkdownStream(window);
  let shown: readonly HTMLElement[] = [];
  const text = before + payload;
  for (let length = before.length + 1; length <= text.length; length += 1) {
    const elements = stream.update(text.slice(0, length));
    host.replaceChildren(...elements);
    if (elements.some((element) => !shown.includes(element))) found.push(...offences(host));
    shown = elements;
  }
  // What comes late, code in colours and formulas, is looked at with all the others.
  kept.append(...host.children);
  return found;
}

/** Not in the document until all is in it: the page would be laid out again with every character. */
const kept = document.createElement('section');

function requestsTo(name: string): string[] {
  return performance
    .getEntriesByType('resource')
    .map((entry) => entry.name)
    .filter((url) => url.includes(name));
}

describe('hostile markdown', () => {
  it('has many payloads', () => {
    expect(XSS_PAYLOADS.length).toBeGreaterThanOrEqual(600);
  });

  it('the check itself finds what must not be there', () => {
    host.innerHTML =
      '<p onclick="x">a</p><u>b</u><a href="ftp://x">c</a><a href="https://x">d</a><span class="page">e</span><math style="background: url(x)" href="x"></math>';
    expect(offences(host)).toHaveLength(7);
  });

  it('leaves only what is allowed, wherever it is split', { timeout: 120_000 }, async () => {
    performance.setResourceTimingBufferSize(5000);
    const found = XSS_PAYLOADS.flatMap((payload, index) => [
      ...offencesOf(payload),
      // Among other things, and cut.
      ...(index % 4 === 0 ? offencesOf(payload, '- **It** is ', 24) : []),
    ]);
    expect(found).toEqual([]);
    document.body.append(kept);
    // The last of each kind comes last.
    kept.append(...new MarkdownStream().update('$z_{last}$\n\n```js\nlet last = 1;\n```\n'));
    await until(() =>
      ['math', 'pre'].every((tag) => [...kept.querySelectorAll(tag)].at(-1)?.querySelector('span, msub')),
    );
    expect(offences(kept)).toEqual([]);
    kept.remove();
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

it('draws no formula over what stands around its block', async () => {
  const formulas = [
    String.raw`$\raisebox{60em}{far}$`,
    String.raw`$\raisebox{-60em}{far}$`,
    String.raw`$\smash{\rule[19em]{2em}{19em}}$`,
    String.raw`$\genfrac{}{}{20em}{}{a}{b}$`,
    String.raw`$\hspace{-8em}far$`,
    String.raw`$$\smash{\raisebox{9em}{\raisebox{9em}{far}}}$$`,
  ];
  const page = document.body.appendChild(document.createElement('div'));
  page.style.cssText = 'position: absolute; inset: 0; padding: 400px 150px; font: 16px serif';
  const root = page.attachShadow({ mode: 'open' });
  root.adoptedStyleSheets = [proseStyles.styleSheet as CSSStyleSheet];
  for (const source of formulas) {
    const blocks = new MarkdownStream().update(source);
    root.replaceChildren(...blocks);
    await until(() => root.querySelector('math') !== null);
    for (const block of blocks) expect.soft([source, drawnAround(root, block).length]).toEqual([source, 0]);
    const shifts = [...root.querySelectorAll('[voffset]')].map((node) =>
      parseFloat(node.getAttribute('voffset') ?? ''),
    );
    expect.soft(shifts.filter((shift) => Math.abs(shift) > 2)).toEqual([]);
  }
  page.remove();
});

/** Points in the window where something of `block` is, though they are more than a line away from it. */
function drawnAround(root: ShadowRoot, block: HTMLElement): readonly string[] {
  const { left, right, top, bottom } = block.getBoundingClientRect();
  const found: string[] = [];
  for (let x = 2; x < innerWidth; x += 12) {
    for (let y = 2; y < innerHeight; y += 12) {
      const isAround = x < left - 20 || x > right + 20 || y < top - 20 || y > bottom + 20;
      if (isAround && block.contains(root.elementFromPoint(x, y))) found.push(`${x} ${y}`);
    }
  }
  return found;
}

/** Mistakes that somebody could make one day, put into what the code uses. */
describe('is noticed', () => {
  const some = XSS_PAYLOADS.filter((_, index) => index % 5 === 0);
  const noticed = (): boolean => some.some((payload) => offencesOf(payload).length > 0);

  afterEach(() => kept.replaceChildren());

  it('nothing, where there is no mistake', () => {
    expect(noticed()).toBe(false);
  });

  it('text that is taken as HTML', () => {
    const { append } = Element.prototype;
    vi.spyOn(Element.prototype, 'append').mockImplementation(function (this: Element, ...nodes) {
      const parse = (html: string): Node => {
        const template = document.createElement('template');
        template.innerHTML = html;
        return template.content;
      };
      append.apply(
        this,
        nodes.map((node) => (typeof node === 'string' ? parse(node) : node)),
      );
    });
    expect(noticed()).toBe(true);
  });

  it('a link of any scheme', () => {
    vi.spyOn(URL.prototype, 'protocol', 'get').mockReturnValue('https:');
    expect(noticed()).toBe(true);
  });

  it('an attribute that is not in the list', () => {
    vi.spyOn(Element.prototype, 'setAttribute').mockImplementation(function (this: Element, name, value) {
      const attribute = document.createAttribute(name === 'rel' ? 'onclick' : name);
      attribute.value = value;
      this.setAttributeNode(attribute);
    });
    expect(noticed()).toBe(true);
  });

  it('an image that is shown', () => {
    const { createElement } = document;
    vi.spyOn(document, 'createElement').mockImplementation((tag: string) =>
      createElement.call(document, tag === 'a' ? 'img' : tag),
    );
    expect(noticed()).toBe(true);
  });
});
