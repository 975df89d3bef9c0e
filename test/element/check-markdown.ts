import { MarkdownStream } from '../../src/element/markdown-stream';
import { type TreeElement, withTreeDocument } from '../support/tree-document';
import { XSS_PAYLOADS } from '../support/xss-payloads';

// What a browser test looks at in full, here at a few places and without a browser, so that each planted mistake is looked for in no time.

const SCROLLABLE = ['tabindex', 'role', 'aria-label'];
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  ...Object.fromEntries('p br hr strong em del blockquote ul li h4 h5 h6'.split(' ').map((tag) => [tag, []])),
  ...Object.fromEntries('table thead tbody tr'.split(' ').map((tag) => [tag, []])),
  ol: ['start', 'class'],
  code: ['dir'],
  a: ['href', 'target', 'rel'],
  th: ['align'],
  td: ['align'],
  pre: ['data-language', ...SCROLLABLE],
  div: ['class', 'dir', ...SCROLLABLE],
  span: ['class', ...SCROLLABLE],
};
const CLASSES = /^(?:block(?: continued)?|math(?: display)?|wider?)$/;

/** Short enough to cut texts of tests, and the one that is used. */
const WINDOWS = [24, 4096];

const GROWING = [
  '# Rain\n\nIt **falls**:\n\n1. drizzle\n2. showers\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n> quoted `code`\n\nTitle\n===\n\nend',
  'Code:\n\n```js\nconst rain = "drizzle and showers";\nconst more = 1;\n```\n\nand *words* behind it\n',
  'So\n\\[\na\n+ b\n\n=\n\\]\nand *words* behind it\n\n$$\nd\n- e',
  '~~~\nA line of code\n~~~\n\n- one\n\n  two\n- three\n\nand so on.',
];

const elementsOf = (stream: MarkdownStream, text: string): readonly TreeElement[] =>
  stream.update(text) as unknown as readonly TreeElement[];
const shapeOf = (elements: readonly TreeElement[]): string => elements.map(({ shape }) => shape).join('');

function isSafeLink({ attributes }: TreeElement): boolean {
  const href = attributes.get('href') ?? '';
  return /^(?:https?|mailto):/i.test(href) && (attributes.get('rel') ?? '').split(' ').includes('noopener');
}

/** The first thing in `elements` that the page does not allow. */
function offence(elements: readonly TreeElement[]): string | null {
  for (const element of elements.flatMap((one) => [...one.elements()])) {
    const allowed = ALLOWED[element.tag];
    if (allowed === undefined) return `<${element.tag}>`;
    const other = [...element.attributes.keys()].find((name) => !allowed.includes(name));
    if (other !== undefined) return `${element.tag} ${other}`;
    const classes = element.attributes.get('class');
    if (classes !== undefined && !CLASSES.test(classes)) return `class ${classes}`;
    if (element.tag === 'a' && !isSafeLink(element)) return element.shape;
  }
  return null;
}

function checkHostile(payload: string, parsed: readonly string[]): void {
  const stream = new MarkdownStream();
  const half = payload.slice(0, payload.length >> 1);
  for (const text of [half, payload, `${payload}\n\nend\n`]) {
    const found = offence(elementsOf(stream, text));
    if (found !== null) throw new Error(`${JSON.stringify(text)} makes ${found}`);
  }
  if (parsed.length > 0) throw new Error(`${JSON.stringify(payload)} is parsed as HTML`);
}

/** The blocks as they come with each character are those of the text as it is then, and no text is lost. */
function checkGrowing(text: string, window: number): void {
  const stream = new MarkdownStream(window);
  for (let length = 1; length <= text.length; length += 1) {
    const read = text.slice(0, length);
    const [shown, whole] = [elementsOf(stream, read), elementsOf(new MarkdownStream(window), read)];
    if (shapeOf(shown) !== shapeOf(whole)) throw new Error(`${JSON.stringify(read)} differs as it grows`);
  }
  const words = (elements: readonly TreeElement[]): string =>
    elements.map(({ textContent }) => textContent.replaceAll(/\s/g, '')).join('');
  const uncut = elementsOf(new MarkdownStream(1e9), text);
  if (words(elementsOf(stream, text)) !== words(uncut)) throw new Error(`words of ${JSON.stringify(text)} are lost`);
  const marks = (elements: readonly TreeElement[]): number =>
    elements.flatMap((one) => [...one.elements()]).filter(({ tag }) => tag === 'em' || tag === 'strong').length;
  if (marks(elementsOf(stream, text)) !== marks(uncut)) throw new Error(`${JSON.stringify(text)} is code to its end`);
  const other = 'Another answer.';
  if (words(elementsOf(stream, other)) !== 'Anotheranswer.') throw new Error('an answer goes on from another one');
}

/** Throws where rendered markdown is not what it is to be. */
export function checkMarkdown(): void {
  withTreeDocument((parsed) => {
    for (const payload of XSS_PAYLOADS.filter((_, n) => n % 4 === 0)) checkHostile(payload, parsed);
    for (const text of GROWING) for (const window of WINDOWS) checkGrowing(text, window);
  });
}
