/**
 * What rendered markdown may be made of. Nodes are made one by one from this list and never from HTML text, so that nothing a model writes is
 * ever parsed as HTML: what is not in the list cannot be written in `make` (types) and is not made (at run time).
 */
const ATTRIBUTES = {
  p: [],
  br: [],
  hr: [],
  strong: [],
  em: [],
  del: [],
  code: ['dir'],
  blockquote: [],
  ul: [],
  li: [],
  h4: [],
  h5: [],
  h6: [],
  table: [],
  thead: [],
  tbody: [],
  tr: [],
  ol: ['start', 'class'],
  a: ['href', 'target', 'rel'],
  th: ['align'],
  td: ['align'],
  pre: ['data-language', 'tabindex', 'role', 'aria-label'],
  div: ['class', 'dir', 'tabindex', 'role', 'aria-label'],
  span: ['class', 'tabindex', 'role', 'aria-label'],
} as const satisfies Readonly<Record<string, readonly string[]>>;

type Tag = keyof typeof ATTRIBUTES;
type Attributes<T extends Tag> = Readonly<Partial<Record<(typeof ATTRIBUTES)[T][number], string>>>;

/** Where links may lead. */
const PROTOCOLS: ReadonlySet<string> = new Set(['http:', 'https:', 'mailto:']);

/** An element of the list with those of `attributes` that it may have. Strings among `children` are text. */
export function make<T extends Tag>(
  tag: T,
  children: readonly (Node | string)[],
  attributes?: Attributes<T>,
): HTMLElement {
  const element = document.createElement(tag);
  const allowed: readonly string[] = ATTRIBUTES[tag];
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (allowed.includes(name)) element.setAttribute(name, String(value));
  }
  element.append(...children);
  return element;
}

/** The element around a top-level block, which is read in the direction of its first letter; that of code does not count. */
export function makeBlock(children: readonly (Node | string)[], continued: boolean): HTMLElement {
  return make('div', children, { class: continued ? 'block continued' : 'block', dir: 'auto' });
}

/** Code is read from left to right, whatever stands around it. */
export function makeCode(text: string): HTMLElement {
  return make('code', [text], { dir: 'ltr' });
}

/** What may scroll sideways must be reachable by keyboard, and say what it is. */
export function scrollable(label: string): {
  readonly tabindex: '0';
  readonly role: 'group';
  readonly 'aria-label': string;
} {
  return { tabindex: '0', role: 'group', 'aria-label': label };
}

/** A link, or its words alone where it may not lead. */
export function makeLink(href: string, children: readonly (Node | string)[]): readonly (Node | string)[] {
  if (!isAllowedLink(href)) return children;
  return [make('a', children, { href, target: '_blank', rel: 'noopener noreferrer' })];
}

function isAllowedLink(href: string): boolean {
  return URL.canParse(href) && PROTOCOLS.has(new URL(href).protocol);
}
